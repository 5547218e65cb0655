"""What report 1 published, and what its own logs say beside it.

Tables 1.1 to 2.3 are the report's (Ascolese, Donegan, Keene, Hogan, "Face Mask Recognition", 2020). The other figures
of three classes were counted anew from the run logs in its repository
(brennenhogan/mask_identification_final_project, 0a72d49), which hold every prediction: all its correct and effective
correct counts come out of them, the latter by the rule of its code.
"""

from __future__ import annotations

from dataclasses import dataclass

RATES = (0.003, 0.005, 0.007, 0.009)
FACES = {2: 1438, 3: 1475}
"""Test faces by number of classes."""
COUNTERPARTS = {"report-cnn": "custom", "report-resnet34": "resnet34", "resnet34": "resnet34"}
"""Our networks, and what they are called in the report."""


@dataclass(frozen=True, slots=True)
class Published:
    """One run of the report.

    Attributes:
        report_loss: as printed: the sum of batch means over the number of images.
        correct: right predictions.
        effective_code: as printed; its code credits with_mask called incorrect and the reverse.
        effective_words: the same by the words of the report: without_mask and incorrect count as one.
        recall_incorrect, macro_f1, alert_recall, alert_precision: from its logs.
    """

    report_loss: float
    correct: float
    effective_code: float | None = None
    effective_words: float | None = None
    recall_incorrect: float | None = None
    macro_f1: float | None = None
    alert_recall: float | None = None
    alert_precision: float | None = None

    def value(self, name: str) -> float | None:
        """Give a figure by the name that it has in ``Measures``; None where the report has none."""
        found = getattr(self, name, None)
        return None if found is None else float(found)


PUBLISHED: dict[tuple[int, str], tuple[Published, ...]] = {
    (2, "custom"): (
        Published(0.004810, 1412),
        Published(0.022742, 1296),
        Published(0.075870, 1092),
        Published(0.027353, 1286),
    ),
    (2, "resnet34"): (
        Published(0.008110, 1396),
        Published(0.00822, 1398),
        Published(0.004435, 1414),
        Published(0.004481, 1414),
    ),
    (3, "custom"): (
        Published(0.0383531, 1297, 1329, 1303, 0.000, 0.576, 0.752, 0.822),
        Published(0.0461195, 1253, 1292, 1259, 0.000, 0.559, 0.756, 0.752),
        Published(0.0380162, 1270, 1306, 1275, 0.025, 0.577, 0.730, 0.775),
        Published(0.0467762, 1245, 1278, 1255, 0.024, 0.570, 0.816, 0.713),
    ),
    (3, "resnet34"): (
        Published(0.0148422, 1420, 1441, 1427, 0.395, 0.817, 0.934, 0.948),
        Published(0.0132650, 1423, 1442, 1427, 0.528, 0.853, 0.958, 0.933),
        Published(0.0135603, 1428, 1449, 1433, 0.382, 0.815, 0.936, 0.960),
        Published(0.0207708, 1409, 1437, 1413, 0.447, 0.814, 0.950, 0.918),
    ),
}
"""By number of classes and the report's name of the network: a run for each of ``RATES``."""


def published(model: str, classes: int, rate: float) -> Published | None:
    """Give the report's run that stands beside ours; None where there is none."""
    runs = PUBLISHED.get((classes, COUNTERPARTS.get(model, "")))
    return dict(zip(RATES, runs, strict=True)).get(rate) if runs else None
