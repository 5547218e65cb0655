"""Scores and the false match rates that they stand for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from masquerade.errors import CalibrationInvalid, CalibrationTooSmall
from masquerade.identity import Calibration, Curve, calibrate, calibration_for, get_embedder
from masquerade.settings import get_settings
from tests.identity.made import MODEL, put_embedder

SCORES = np.random.default_rng(0).normal(0.05, 0.1, 50_000)
MADE = calibrate(SCORES, SCORES[:20_000] + 0.1, set="nobody", model=MODEL)


@pytest.mark.parametrize("fmr", [1e-2, 1e-3, 1e-4])
def test_named_rates_are_exact(fmr: float) -> None:
    threshold = MADE.threshold(fmr, masked=False)
    assert (threshold <= SCORES).sum() == round(fmr * len(SCORES))
    # a little lower and more strangers pass
    lower = np.sort(SCORES)[::-1][round(fmr * len(SCORES))]
    assert 0 < threshold - lower <= 1.1e-6
    assert MADE.fmr_of(threshold, masked=False) == pytest.approx(fmr)


def test_bare_and_masked_apart() -> None:
    assert MADE.threshold(1e-2, masked=True) == pytest.approx(float(np.quantile(SCORES[:20_000] + 0.1, 0.99)), abs=2e-3)
    assert MADE.fmr_of(0.3, masked=True) > MADE.fmr_of(0.3, masked=False)


@given(
    arrays(np.float64, st.integers(3, 200), elements=st.floats(-1, 1).map(lambda value: round(value, 2))),
    st.floats(0.001, 1),
)
@settings(max_examples=150, deadline=None)
def test_no_more_strangers_pass_than_is_said(scores: Any, fmr: float) -> None:
    curve = Curve.of(scores)
    if fmr < 3 / len(scores):
        with pytest.raises(CalibrationTooSmall):
            curve.threshold(fmr)
        return
    threshold = curve.threshold(fmr)
    assert (scores >= threshold).mean() <= fmr + 1e-12
    assert (scores >= threshold).mean() <= curve.fmr_of(threshold) + 1e-12
    assert curve.fmr_of(threshold) <= fmr * (1 + 1e-9)


@given(arrays(np.float64, st.integers(3, 200), elements=st.floats(-1, 1)), st.floats(-1.5, 1.5))
@settings(max_examples=100, deadline=None)
def test_a_rate_is_never_said_too_low(scores: Any, score: float) -> None:
    rate = Curve.of(scores).fmr_of(score)
    assert rate >= (scores >= score).mean() - 1e-12
    assert 3 / len(scores) <= rate <= 1


def test_no_rate_below_three_in_n() -> None:
    curve = Curve.of(np.linspace(0, 0.5, 2999))
    with pytest.raises(
        CalibrationTooSmall, match=r"2,999 impostor pairs speak of no false match rate below 0\.001"
    ) as e:
        curve.threshold(1e-3)
    assert "3,000 pairs" in e.value.hint
    assert Curve.of(np.linspace(0, 0.5, 3000)).threshold(1e-3) > 0.499
    assert curve.fmr_of(9) == pytest.approx(3 / 2999)
    assert curve.fmr_of(-9) == 1


@pytest.mark.parametrize("fmr", [0.0, -1.0, 1.5, float("nan")])
def test_rates_that_are_none(fmr: float) -> None:
    with pytest.raises(CalibrationInvalid, match="fmr: expected a rate"):
        MADE.threshold(fmr, masked=False)


def test_through_a_file_and_back(tmp_path: Path) -> None:
    MADE.save(tmp_path / "c.json")
    assert Calibration.load(tmp_path / "c.json") == MADE
    assert len((tmp_path / "c.json").read_bytes()) < 20_000


@pytest.mark.parametrize("scores", [[], [0.1, 0.2], [0.1, 0.2, float("nan")]])
def test_too_few_scores(scores: list[float]) -> None:
    with pytest.raises(CalibrationInvalid, match="expected 3 finite scores"):
        Curve.of(np.array(scores))


def changed(**changes: Any) -> dict[str, Any]:
    return {**MADE.to_dict(), **changes}


CURVE = {"pairs": 100, "scores": [0.1, 0.2], "fmrs": [0.5, 0.1]}
BROKEN: list[tuple[Any, str]] = [
    ([], "c.json: "),
    ({}, "lacks 'version'"),
    (changed(version=2), "version: expected 1, got 2"),
    (changed(set=7), "set, model: expected texts"),
    (changed(masked={"pairs": 5, "scores": [0.1]}), "lacks 'fmrs'"),
    (changed(bare=None), "c.json: "),
    # falling scores, growing rates, rates of nothing, too few pairs, no points, words
    (changed(bare={**CURVE, "scores": [0.2, 0.1]}), "growing scores"),
    (changed(bare={**CURVE, "fmrs": [0.1, 0.5]}), "growing scores"),
    (changed(bare={**CURVE, "fmrs": [0.5, 0.0]}), "growing scores"),
    (changed(bare={**CURVE, "fmrs": [0.5]}), "as many scores as rates"),
    (changed(bare={**CURVE, "pairs": 2}), "3 pairs at least"),
    (changed(bare={"pairs": 9, "scores": [], "fmrs": []}), "growing scores"),
    (changed(bare={**CURVE, "scores": ["a", "b"]}), "c.json: "),
]


@pytest.mark.parametrize(("values", "message"), BROKEN)
def test_files_that_are_no_calibration(tmp_path: Path, values: Any, message: str) -> None:
    path = tmp_path / "c.json"
    path.write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(CalibrationInvalid, match=message) as caught:
        Calibration.load(path)
    assert "c.json" in caught.value.message


def test_numbers_that_are_texts_are_read_as_numbers() -> None:
    values = changed()
    values["masked"] = values["masked"] | {"scores": [str(score) for score in values["masked"]["scores"]]}
    assert Calibration.from_dict(values).threshold(1e-2, masked=True) == MADE.threshold(1e-2, masked=True)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_bytes(b"\xff{")
    for name in ("c.json", "nowhere.json"):
        with pytest.raises(CalibrationInvalid, match=name):
            Calibration.load(tmp_path / name)


def test_which_calibration_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_settings: None) -> None:
    embedder = get_embedder(str(put_embedder(tmp_path)))
    with pytest.raises(CalibrationInvalid, match="its card holds no calibration") as caught:
        calibration_for(embedder)
    assert "masquerade calibrate" in caught.value.hint

    given = calibrate(SCORES, SCORES, set="given", model=embedder.id)
    given.save(tmp_path / "given.json")
    assert calibration_for(embedder, tmp_path / "given.json").set == "given"

    monkeypatch.setenv("MASQUERADE_IDENTITY_CALIBRATION", str(tmp_path / "given.json"))
    get_settings.cache_clear()
    assert calibration_for(embedder).set == "given"


def test_the_cards_own(tmp_path: Path) -> None:
    model_id = get_embedder(str(put_embedder(tmp_path, "bare"))).id.replace("bare", "known")
    known = calibrate(SCORES, SCORES, set="the card's", model=model_id)
    embedder = get_embedder(str(put_embedder(tmp_path, "known", calibration=known.to_dict())))
    assert calibration_for(embedder) == known


def test_another_models(tmp_path: Path) -> None:
    MADE.save(tmp_path / "c.json")
    with pytest.raises(CalibrationInvalid, match="is of the model tiny@0123456789ab, not of other@"):
        calibration_for(get_embedder(str(put_embedder(tmp_path, "other"))), tmp_path / "c.json")
