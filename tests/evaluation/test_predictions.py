"""``predictions.csv``: written and read back, and what is wrong with a bad one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from masquerade.datasets.types import LABELS
from masquerade.errors import DataMissing, LabelInvalid
from masquerade.evaluation.predictions import Predictions, read_predictions, write_predictions

HEADER = "photo,path,x1,y1,x2,y2,group,truth,predicted,with_mask,without_mask,incorrect,loss\n"
GOOD = "a,/a.jpg,1,2,3,4,0,with_mask,with_mask,0.7,0.2,0.1,0.36\n"


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("labels", [2, 3])
def test_there_and_back(tmp_path: Path, labels: int) -> None:
    rng = np.random.default_rng(labels)
    said = Predictions.of(
        rng.integers(0, labels, 9),
        rng.dirichlet(np.ones(labels), 9),
        np.arange(9) // 2,
        LABELS[:labels],
        photos=tuple(f'set/"{number}", é.jpg' for number in range(9)),
        paths=tuple(f"/data/{number}\n.jpg" for number in range(9)),
        boxes=rng.uniform(0, 500, (9, 4)).round(2).astype(np.float32),
    )
    path = tmp_path / "predictions.csv"
    write_predictions(path, said)
    again = read_predictions(path)
    assert again.labels == said.labels
    assert (again.photos, again.paths) == (said.photos, said.paths)
    for name in ("truth", "groups"):
        assert np.array_equal(getattr(again, name), getattr(said, name))
    for name in ("probabilities", "losses", "boxes"):
        np.testing.assert_allclose(getattr(again, name), getattr(said, name), rtol=1e-6)
    assert path.read_text(encoding="utf-8").startswith(HEADER)


def test_groups_may_be_any_words(tmp_path: Path) -> None:
    rows = GOOD.replace(",0,", ",b,", 1) + GOOD.replace(",0,", ",a,", 1) + GOOD.replace(",0,", ",b,", 1)
    groups = read_predictions(written(tmp_path / "p.csv", HEADER + rows)).groups
    assert groups.tolist() == [1, 0, 1]


def test_no_face(tmp_path: Path) -> None:
    assert len(read_predictions(written(tmp_path / "p.csv", HEADER))) == 0


def test_some_of_them() -> None:
    said = Predictions.of(np.array([0, 1, 2]), np.eye(3), photos=("a", "b", "c"))
    assert said[np.array([True, False, True])].photos == ("a", "c")
    assert said[np.array([2, 0])].truth.tolist() == [2, 0]


BAD = [
    # text, what the message holds
    ("", "p.csv:1: expected columns"),
    (HEADER.replace(",loss", ""), "p.csv:1: expected columns"),
    (HEADER + GOOD + GOOD.replace("with_mask,with_mask", "cat,with_mask"), "p.csv:3: unknown true label 'cat'"),
    (HEADER + GOOD.replace("0.7", "x"), "p.csv:2: could not convert"),
    (HEADER + GOOD.replace("0.7", "nan"), "p.csv:2: holds a number that is not finite"),
    (HEADER + GOOD.replace("0.36", ""), "p.csv:2: could not convert"),
    (HEADER + GOOD + "a,b\n", "p.csv:3: expected 13 values"),
    (HEADER + GOOD.replace("0.7", "0.1"), "sum to 1"),
    (HEADER + GOOD + GOOD.replace("0.7,0.2,0.1", "0.8,0.2,"), "some rows have two"),
    (HEADER + GOOD.replace("with_mask,with_mask,0.7,0.2,0.1", "incorrect,with_mask,0.8,0.2,"), "unknown true label"),
    (HEADER + '"a\n', "unexpected end of data"),
]


@pytest.mark.parametrize(("text", "message"), BAD)
def test_bad_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(LabelInvalid) as caught:
        read_predictions(written(tmp_path / "p.csv", text))
    assert message in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataMissing):
        read_predictions(tmp_path / "p.csv")
