"""Report 1's own figures, three classes, as its code printed them into its logs (1,475 test faces)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One run: counts, then shares that were rounded to three places.

    ``recalls`` are of without_mask, with_mask, incorrect; ``passed`` of ``wrong`` incorrect faces were called masked.
    """

    name: str
    correct: int
    effective_code: int
    effective_words: int
    recalls: tuple[float, float, float]
    passed: int
    wrong: int
    alert_recall: float
    alert_precision: float
    macro_f1: float


FACES = 1475
ROWS = [
    Row("custom .003", 1297, 1329, 1303, (0.807, 0.936, 0.000), 30, 36, 0.752, 0.822, 0.576),
    Row("custom .005", 1253, 1292, 1259, (0.823, 0.895, 0.000), 37, 43, 0.756, 0.752, 0.559),
    Row("custom .007", 1270, 1306, 1275, (0.792, 0.917, 0.025), 34, 40, 0.730, 0.775, 0.577),
    Row("custom .009", 1245, 1278, 1255, (0.876, 0.865, 0.024), 32, 42, 0.816, 0.713, 0.570),
    Row("resnet .003", 1420, 1441, 1427, (0.970, 0.980, 0.395), 16, 38, 0.934, 0.948, 0.817),
    Row("resnet .005", 1423, 1442, 1427, (0.987, 0.971, 0.528), 13, 36, 0.958, 0.933, 0.853),
    Row("resnet .007", 1428, 1449, 1433, (0.973, 0.985, 0.382), 16, 34, 0.936, 0.960, 0.815),
    Row("resnet .009", 1409, 1437, 1413, (0.986, 0.962, 0.447), 18, 38, 0.950, 0.918, 0.814),
]


def confusions(row: Row) -> list[list[list[int]]]:
    """Every confusion matrix, in the order with_mask, without_mask, incorrect, that fits a run's counts and recalls.

    The cells of the incorrect faces follow from the counts; how many faces were bare is searched for.
    """
    found = round(row.recalls[2] * row.wrong)
    wrong_bare = row.wrong - found - row.passed
    masked_wrong = row.effective_code - row.correct - row.passed
    bare_wrong = row.effective_words - row.correct - wrong_bare
    matrices = []
    for bare in range(1, FACES - row.wrong):
        masked = FACES - row.wrong - bare
        for bare_right in range(round((row.recalls[0] - 0.001) * bare), round((row.recalls[0] + 0.001) * bare) + 1):
            masked_right = row.correct - found - bare_right
            fits = round(bare_right / bare, 3) == row.recalls[0] and round(masked_right / masked, 3) == row.recalls[1]
            matrix = [
                [masked_right, masked - masked_right - masked_wrong, masked_wrong],
                [bare - bare_right - bare_wrong, bare_right, bare_wrong],
                [row.passed, wrong_bare, found],
            ]
            if fits and min(map(min, matrix)) >= 0:
                matrices.append(matrix)
    return matrices
