"""Verdicts: two photos, one person or two."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import masquerade as mq
from masquerade.errors import CalibrationInvalid, CalibrationTooSmall, FaceQualityLow, NoFace, SeveralFaces
from masquerade.identity import Calibration, calibrate, get_embedder
from masquerade.recognising import Verdict, make_verifier, read_templates, verify
from masquerade.recognising.picture import DIFFERENT, SAME, side_by_side
from masquerade.recognising.words import about_rate, about_score, about_side, answer
from masquerade.settings import get_settings
from tests.faces.photos import ROOT, found, photo
from tests.recognising.made import beside, masked_photo

SAMPLE = ROOT / "samples" / "person_b_1.jpg"
BLANK = np.full((90, 120, 3), 130, np.uint8)


def test_a_photo_and_itself(tiny: Path) -> None:
    verdict = verify(SAMPLE, SAMPLE)
    assert verdict.same is True
    assert verdict.score == pytest.approx(1, abs=1e-5)
    calibration = Calibration.load(tiny.parent / "calibration.json")
    assert verdict.threshold == calibration.threshold(1e-3, masked=False)
    assert (verdict.fmr, verdict.calibration, verdict.model) == (1e-3, "made-up scores", get_embedder().id)
    for side in (verdict.a, verdict.b):
        assert (side.masked, side.drawn, side.kind, side.error) == (False, False, "none", None)
        assert side.box is not None and side.quality is not None
        np.testing.assert_allclose(side.box, found("person_b_1").boxes[0], atol=0.06)


def test_like_with_like(tiny: Path) -> None:
    """As soon as one face is masked, the other one is taken with masks drawn on it, and its threshold holds."""
    masked, bare = masked_photo("person_b_1"), photo("person_b_2")
    for a, b in ((masked, bare), (bare, masked)):
        verdict = verify(a, b)
        wearer, other = (verdict.a, verdict.b) if a is masked else (verdict.b, verdict.a)
        assert (wearer.masked, wearer.drawn, other.masked, other.drawn) == (True, False, False, True)
        calibration = Calibration.load(tiny.parent / "calibration.json")
        assert verdict.threshold == calibration.threshold(1e-3, masked=True)
        faces = mq.find_faces(masked)[:1]
        there, here = read_templates(masked, faces), read_templates(bare, found("person_b_2"))
        scores = [float(there.template[0] @ own) for own in (here.template[0], here.template_masked[0])]
        assert verdict.score == pytest.approx(sum(scores) / 2, abs=1e-5)


def test_two_masked_faces_are_compared_as_they_are(tiny: Path) -> None:
    verdict = verify(masked_photo("person_b_1"), masked_photo("person_b_2"))
    assert (verdict.a.masked, verdict.b.masked, verdict.a.drawn, verdict.b.drawn) == (True, True, False, False)


def test_the_rate_sets_the_threshold(tiny: Path) -> None:
    thresholds = [verify(SAMPLE, SAMPLE, fmr=fmr).threshold or 0 for fmr in (1e-2, 1e-3, 1e-4)]
    assert thresholds == sorted(thresholds)
    assert len(set(thresholds)) == 3
    with pytest.raises(CalibrationTooSmall, match="40,000 impostor pairs speak of no"):
        make_verifier(fmr=1e-5)


def test_few_masked_pairs_do_not_stop_bare_ones(tiny: Path, tmp_path: Path) -> None:
    scores = np.random.default_rng(1).normal(0.5, 0.1, 4000)
    few = calibrate(scores, scores[:400], set="few masked ones", model=get_embedder().id)
    few.save(tmp_path / "few.json")
    verifier = make_verifier(fmr=1e-3, calibration=tmp_path / "few.json")
    assert verifier(SAMPLE, SAMPLE).same
    with pytest.raises(CalibrationTooSmall, match="pairs with a masked face: 400 impostor pairs speak of no"):
        verifier(SAMPLE, masked_photo("person_b_1"))


def test_the_rate_of_the_settings(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASQUERADE_IDENTITY_FMR", "0.02")
    get_settings.cache_clear()
    assert verify(SAMPLE, SAMPLE).fmr == 0.02


def test_a_score_below_the_threshold(tiny: Path, tmp_path: Path) -> None:
    high = calibrate(np.full(5000, 0.9999999), np.full(5000, 0.5), set="high", model=get_embedder().id)
    high.save(tmp_path / "high.json")
    verdict = verify(SAMPLE, photo("impostor_1"), calibration=tmp_path / "high.json")
    assert verdict.same is False
    assert verdict.score is not None and verdict.threshold is not None and verdict.score < verdict.threshold


UNUSABLE = [
    (BLANK, NoFace),
    (beside(photo("person_a_1"), photo("impostor_1")), SeveralFaces),
    ((photo("person_b_1") * 0.1).astype(np.uint8), FaceQualityLow),
]


@pytest.mark.parametrize(("image", "error"), UNUSABLE)
def test_what_gives_no_score(tiny: Path, image: NDArray[np.uint8], error: type[Exception]) -> None:
    for pair in ((SAMPLE, image), (image, SAMPLE)):
        with pytest.raises(error):
            verify(*pair)
    verdict = make_verifier()(image, SAMPLE)
    assert (verdict.same, verdict.score, verdict.threshold) == (None, None, None)
    assert isinstance(verdict.a.error, error)
    assert verdict.b.error is None and verdict.b.box is not None
    assert answer(verdict) == "could not tell"
    assert about_side(verdict.a) == "no usable face"
    assert about_score(verdict) == "no score"
    with pytest.raises(mq.MasqueradeError, match="expected two faces that were compared"):
        side_by_side(BLANK, BLANK, verdict)


def test_the_largest_only_when_told_to(tiny: Path) -> None:
    two = beside(photo("person_a_1"), photo("impostor_1"))
    verdict = verify(two, photo("impostor_1"), faces="largest")
    assert verdict.score == pytest.approx(1, abs=0.02)
    with pytest.raises(ValueError, match="one face each"):
        verify(two, two, faces="all")


def test_no_calibration_no_verdict(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MASQUERADE_IDENTITY_CALIBRATION")
    get_settings.cache_clear()
    with pytest.raises(CalibrationInvalid, match="its card holds no calibration"):
        verify(SAMPLE, SAMPLE)


KEYS = ["same", "score", "threshold", "fmr", "a", "b"]


def test_the_form_of_json(tiny: Path) -> None:
    for verdict in (verify(SAMPLE, masked_photo("person_b_1")), make_verifier()(SAMPLE, BLANK)):
        values = json.loads(json.dumps(verdict.to_dict()))
        assert list(values) == KEYS
        for side in (values["a"], values["b"]):
            assert list(side) == ["photo", "box", "masked", "kind", "drawn", "quality", "error"]
    assert values["b"]["error"]["code"] == "no_face"
    assert values["b"]["quality"] is None
    assert values["a"]["photo"] == str(SAMPLE)


def test_words(tiny: Path) -> None:
    verdict = verify(masked_photo("person_b_1"), SAMPLE)
    assert answer(verdict) == ("same person" if verdict.same else "not the same person")
    assert about_side(verdict.a) == "wears a mask (surgical)"
    assert about_side(verdict.b) == "bare; masks were drawn on it to compare like with like"
    assert about_rate(verdict) == "FMR 0.001: 1 in 1,000 pairs of strangers reaches that threshold"


def with_answer(verdict: Verdict, same: bool) -> Verdict:
    from dataclasses import replace

    return replace(verdict, same=same, score=0.9 if same else 0.1, threshold=0.5)


@pytest.mark.parametrize(("same", "colour"), [(True, SAME), (False, DIFFERENT)])
def test_a_picture_of_both(tiny: Path, same: bool, colour: tuple[int, int, int]) -> None:
    a, b = masked_photo("person_b_1"), photo("person_b_1")
    verdict = with_answer(verify(a, b), same)
    picture = side_by_side(a, b, verdict)
    assert picture.shape[1] == 880
    # the faces are where they should be: the finder sees both, upright, side by side, and the small ones with masks
    faces = mq.find_faces(picture)
    left, right = sorted((float(face.boxes[0, [0, 2]].mean()), face) for face in faces[:2])
    assert abs(left[0] - 232) < 20 and abs(right[0] - 648) < 20
    worn = mq.read_wearing(picture, mq.Faces.empty((1, 1)) if not len(faces) else faces[:2])
    assert sorted(worn.labels) == ["with_mask", "without_mask"]
    painted = (np.abs(picture.astype(int) - colour).max(axis=2) <= 3).sum(axis=1)
    assert painted.max() > 300 if same else painted.max() > 100
    # masks are shown small on the bare face alone
    other = side_by_side(b, b, with_answer(verify(b, b), same))
    assert (other[400:490, 460:760] != picture[400:490, 460:760]).any()


def test_names_of_photos_may_be_long_or_strange(tiny: Path, tmp_path: Path) -> None:
    path = tmp_path / ("x" * 120 + "\n\u202e.jpg")
    path.write_bytes(SAMPLE.read_bytes())
    verdict = verify(path, SAMPLE)
    assert side_by_side(photo("person_b_1"), photo("person_b_1"), verdict).shape[1] == 880
