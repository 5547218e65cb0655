"""Photos to numbers on rendered people: versions with masks, failures, labels, templates that are kept."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from masquerade.datasets.identities import PairList, pairs_of, read_identities, read_mfr2
from masquerade.errors import DestinationUnusable, FacesInvalid, TemplateOfAnotherModel, TemplatesInvalid
from masquerade.evaluation.pages.recognition import recognition_page, worst_pairs
from masquerade.evaluation.recognition import photos as photos_module
from masquerade.evaluation.recognition import tracing
from masquerade.evaluation.recognition.evaluating import Asked, Evaluation, evaluate
from masquerade.evaluation.recognition.photos import Drawing, Reader, Wanted, choose_face
from masquerade.evaluation.recognition.words import facts
from masquerade.faces import Faces, find_faces
from masquerade.identity import Templates, compare, get_embedder
from masquerade.image import read_image
from masquerade.recognising import DrawnMasks, templates_of
from masquerade.settings import get_settings
from tests.evaluation.recognition.made_people import rendered
from tests.identity.made import put_embedder


@pytest.fixture(scope="module")
def reader(embedder_file: Path) -> Reader:
    return Reader(str(embedder_file), "largest", Drawing(3, ("surgical", "cloth")))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("templates") / "t.npz"


@pytest.fixture(scope="module")
def pairs(mfr2_root: Path) -> PairList:
    return read_mfr2(mfr2_root)


@pytest.fixture(scope="module")
def found(pairs: PairList, reader: Reader, kept: Path) -> Evaluation:
    return evaluate(pairs, Asked(reader, rounds=50, templates=kept))


def test_cells_follow_the_labels(found: Evaluation) -> None:
    counts = {name: len(trials) for name, trials in found.groups.items() if "more" not in name}
    assert counts == {"all pairs": 14, "bare-bare": 3, "masked-bare": 10, "masked-masked": 1}
    assert found.masked_by == "the labels"
    masked = found.groups["masked-bare"]
    assert sorted(set(masked.kind.tolist())) == ["cloth", "n95", "surgical"]
    assert found.groups["masked-masked"].kind.tolist() == ["n95 + surgical"]


def test_a_photo_without_a_face_is_a_failure_and_never_a_score(found: Evaluation) -> None:
    (failure,) = found.failed
    assert (failure.photo, failure.code) == ("Sunak/Sunak_0003.png", "no_face")
    whole = found.measured.groups["all pairs"]
    assert (whole.failed_genuine, whole.failed_impostor) == (1, 1)
    trials = found.groups["all pairs"]
    touched = (trials.photos_a == failure.photo) | (trials.photos_b == failure.photo)
    assert np.array_equal(trials.failed, touched)
    assert np.isneginf(trials.scores[touched]).all()


def test_of_a_failed_photo_without_a_label_nothing_tells_whether_it_is_masked(
    pairs: PairList, reader: Reader, kept: Path, found: Evaluation
) -> None:
    one = evaluate(replace(pairs, kinds=None), Asked(reader, impostors=0, rounds=0, templates=kept))
    trials = one.groups["all pairs"]
    touched = (trials.photos_a == "Sunak/Sunak_0003.png") | (trials.photos_b == "Sunak/Sunak_0003.png")
    assert np.array_equal(~trials.told, touched)
    assert not (trials.masked_a | trials.masked_b)[touched].any()
    assert trials.kind[touched].tolist() == ["unknown"] * 2
    # beside a bare face each of the two may be a pair of bare faces, or one with a mask
    counts = {name: len(group) for name, group in one.groups.items()}
    known = {"bare-bare": ~(trials.masked_a | trials.masked_b), "masked-bare": trials.masked_a ^ trials.masked_b}
    for name, rows in known.items():
        assert counts[name] == (rows & trials.told).sum() + 2
        assert one.groups[name].failed.sum() == 2
    assert counts["all pairs"] == 14
    assert any("may be of" in fact for fact in facts(one))
    assert not any("may be of" in fact for fact in facts(found))


def test_pairs_that_wear_masks_already_are_told(pairs: PairList, reader: Reader) -> None:
    chosen = pairs[np.array([0, 1, 12])]  # Macron 1 and 2 (masked), 1 and 3; Obama 2 and Sunak 2, both masked
    one = evaluate(chosen, Asked(reader, "gallery", impostors=0, rounds=0))
    assert {name: len(group) for name, group in one.groups.items()} == {"bare-bare": 1, "masked-bare": 1}
    # Obama 2 gets no mask drawn on: that pair is not in the drawn version
    assert one.pairs_not_drawn == {"masked-bare": 1}
    assert one.to_dict()["pairs_masked_already"] == {"bare-bare": 2, "masked-bare": 1}
    assert any("in no group: 2 of bare-bare, 1 of masked-bare." in fact for fact in facts(one))


def test_a_score_is_that_of_the_product(found: Evaluation, mfr2_root: Path, reader: Reader) -> None:
    trials = found.groups["masked-bare"]
    row = trials.photos_a.tolist().index("Obama/Obama_0001.png")
    sides = [
        templates_of(mfr2_root / str(name[row]), faces="largest", embedder=get_embedder(reader.model))
        for name in (trials.photos_a, trials.photos_b)
    ]
    assert trials.scores[row] == pytest.approx(float(compare(*sides)[0]), abs=1e-6)


def test_identification_of_masked_probes(found: Evaluation) -> None:
    one, every, alone = found.rank1
    assert (one.gallery, one.probes, one.failed) == (4, 5, 1)
    assert (every.gallery, every.probes) == (6, 5)
    assert alone.probes == alone.gallery == 11
    for rank in found.rank1:
        assert rank.rank1.value <= 1 - rank.failed / rank.probes


def test_two_photos_are_one_impostor_trial_in_whichever_order(found: Evaluation) -> None:
    trials = found.groups["all pairs, more impostors"]
    strangers = trials[~trials.same]
    ends = [tuple(sorted(pair)) for pair in zip(strangers.photos_a, strangers.photos_b, strict=True)]
    assert len(ends) > 20
    assert len(set(ends)) == len(ends)


def test_templates_that_are_kept_are_taken_again(
    found: Evaluation, pairs: PairList, reader: Reader, kept: Path
) -> None:
    read: list[int] = []
    again = evaluate(pairs, Asked(reader, rounds=50, templates=kept), started=read.append)
    assert read == [0]
    assert json.dumps(again.to_dict()) == json.dumps(found.to_dict())


def test_of_a_photo_with_a_refused_face_nothing_says_which_is_the_largest(
    found: Evaluation, mfr2_root: Path, reader: Reader, kept: Path, tmp_path: Path
) -> None:
    path = mfr2_root / "Obama" / "Obama_0001.png"
    one = templates_of(path, faces="largest", embedder=get_embedder(reader.model))
    refused = Templates.empty(one.model, one.dimensions, [(str(path), "face_quality_low", "the largest of two")])
    read: list[int] = []
    for name, parts in (("whole", [one]), ("part", [one, refused])):
        Templates.joined(parts).save(tmp_path / f"{name}.npz")
        asked = Asked(reader, impostors=0, rounds=0, templates=tmp_path / f"{name}.npz")
        photos = pairs_of(read_identities(path.parents[1]), 3)
        chosen = photos[np.array([photos.photos[first] == path for first in photos.first])][[0]]
        evaluate(chosen, asked, started=read.append)
    assert read == [1, 2]


def test_a_kept_template_is_of_the_same_content_and_way(
    mfr2_root: Path, reader: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 3):
        photo = tmp_path / "set" / "Macron" / f"{number}.png"
        photo.parent.mkdir(parents=True, exist_ok=True)
        photo.write_bytes((mfr2_root / "Macron" / f"Macron_{number:04d}.png").read_bytes())
    pairs = pairs_of(read_identities(tmp_path / "set"), 0)
    asked = Asked(reader, impostors=0, rounds=0, templates=tmp_path / "t.npz")
    read: list[int] = []

    def scores() -> list[float]:
        (trials,) = evaluate(pairs, asked, started=read.append).groups.values()
        return [round(score, 6) for score in trials.scores.tolist()]

    before = scores()
    assert scores() == before
    photo.write_bytes((mfr2_root / "Ardern" / "Ardern_0003.png").read_bytes())
    assert scores() != before
    photo.write_bytes((mfr2_root / "Macron" / "Macron_0003.png").read_bytes())
    assert scores() == before
    with monkeypatch.context() as patch:
        patch.setattr(tracing, "STANDARD", DrawnMasks(count=1))
        scores()
    with monkeypatch.context() as patch:
        patch.setattr(tracing, "get_settings", lambda: get_settings().model_copy(update={"min_face": 20.0}))
        scores()
    # all models but the wearing model stay what they are
    with monkeypatch.context() as patch:
        patch.setattr(tracing, "get_settings", lambda: get_settings().model_copy(update={"wearing_model": "identity"}))
        scores()
    assert read == [2, 0, 1, 0, 2, 2, 2]


def test_templates_of_a_file_that_tells_not_of_what_they_are_told(
    mfr2_root: Path, reader: Reader, tmp_path: Path
) -> None:
    pairs = pairs_of(read_identities(mfr2_root), 0)
    pairs = pairs[np.array([pairs.place(photo).startswith("Obama") for photo in pairs.first])]
    embedder = get_embedder(reader.model)
    Templates.joined([templates_of(path, faces="largest", embedder=embedder) for path in pairs.photos]).save(
        tmp_path / "t.npz"
    )
    one = evaluate(pairs, Asked(reader, impostors=0, rounds=0, templates=tmp_path / "t.npz"))
    assert one.untraced == len(pairs.photos) == 2
    assert any("2 templates are of a file of masquerade embed" in fact for fact in facts(one))


def test_a_kept_mask_is_of_the_same_name(mfr2_root: Path, reader: Reader, tmp_path: Path) -> None:
    file = tmp_path / "t.npz"
    read: list[int] = []
    for name, root in (("Obama", mfr2_root), ("elsewhere", mfr2_root / "Obama")):
        pairs = pairs_of(read_identities(mfr2_root), "all")
        pairs = pairs[np.array([pairs.place(photo).startswith("Obama") for photo in pairs.first]) & pairs.same]
        evaluate(replace(pairs, name=name, root=root), Asked(reader, "probe", 0, 0, templates=file), read.append)
    assert read == [2, 1]  # the mask follows from the name below the root, so that it is drawn anew


def test_a_photo_whose_points_fall_together_is_a_failure(
    mfr2_root: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> Templates:
        raise FacesInvalid("points: expected five key points apart from each other")

    monkeypatch.setattr(photos_module, "read_templates", refuse)
    read = reader(Wanted(0, mfr2_root / "Obama" / "Obama_0001.png", "x"))
    assert not isinstance(read.bare, Templates)
    assert read.bare.code == "faces_invalid"


def test_templates_of_another_model_or_none(pairs: PairList, kept: Path, found: Evaluation, tmp_path: Path) -> None:
    other = Reader(str(put_embedder(tmp_path, "other", mean=100.0)), "largest", Drawing())
    with pytest.raises(TemplateOfAnotherModel, match="holds templates of tiny@"):
        evaluate(pairs, Asked(other, templates=kept))
    (tmp_path / "no.npz").write_bytes(b"PK no")
    with pytest.raises(TemplatesInvalid):
        evaluate(pairs, Asked(other, templates=tmp_path / "no.npz"))


def test_masks_are_drawn_on_the_probe(mfr2_root: Path, reader: Reader, tmp_path: Path) -> None:
    for name in ("Macron", "Ardern", "Obama"):
        (tmp_path / name).mkdir()
        for number in (1, 3):
            file = mfr2_root / name / f"{name}_{number:04d}.png"
            if file.exists():
                (tmp_path / name / file.name).write_bytes(file.read_bytes())
    pairs = pairs_of(read_identities(tmp_path), "all")
    before = sorted(path for path in tmp_path.rglob("*"))
    found = evaluate(pairs, Asked(reader, "probe", impostors=0, rounds=20))
    assert list(found.groups) == ["bare-bare", "bare-masked"]
    for trials in found.groups.values():
        assert len(trials) == len(pairs) == 10
    bare, masked = found.groups.values()
    assert (bare.scores != masked.scores).all()
    drawing = reader.drawing
    assert masked.kind.tolist() == [drawing.kind_for(str(name)) for name in masked.photos_b]
    assert found.seen_masked == (4, 4)  # the first photo of the list is never a probe
    assert before == sorted(path for path in tmp_path.rglob("*"))  # the masked photos stayed in memory
    again = evaluate(pairs, Asked(reader, "probe", impostors=0, rounds=20))
    assert np.array_equal(again.groups["bare-masked"].scores, masked.scores)


@pytest.mark.slow
def test_processes_give_the_same(found: Evaluation, pairs: PairList, reader: Reader) -> None:
    parallel = evaluate(pairs, Asked(reader, rounds=50, workers=2))
    for name, trials in found.groups.items():
        assert np.allclose(parallel.groups[name].scores, trials.scores, atol=1e-6)
    assert parallel.failed == found.failed


def test_both_sides_masked(pairs: PairList, reader: Reader) -> None:
    bare = pairs[np.array([1, 11])]  # Macron 1 and 3, Macron 1 and Ardern 1
    found = evaluate(bare, Asked(reader, "both", impostors=0, rounds=0))
    assert {name: len(trials) for name, trials in found.groups.items()} == {
        "bare-bare": 2,
        "bare-masked": 2,
        "masked-bare": 2,
        "masked-masked": 2,
    }
    assert found.groups["masked-bare"].masked_a.all()
    assert not found.groups["masked-bare"].masked_b.any()


def test_a_mask_is_the_same_by_seed_and_name_alone(embedder_file: Path, mfr2_root: Path) -> None:
    path = mfr2_root / "Obama" / "Obama_0001.png"
    results = []
    for seed, name in ((1, "a"), (1, "a"), (2, "a"), (1, "b")):
        read = Reader(str(embedder_file), "largest", Drawing(seed))(Wanted(0, path, name, drawn=True, known_bare=True))
        assert isinstance(read.drawn, Templates)
        results.append(read.drawn.template)
    assert np.array_equal(results[0], results[1])
    assert not np.array_equal(results[0], results[2])
    assert not np.array_equal(results[0], results[3])


def test_a_face_that_wears_a_mask_gets_no_other(mfr2_root: Path, reader: Reader) -> None:
    read = reader(Wanted(0, mfr2_root / "Obama" / "Obama_0002.png", "x", drawn=True))
    assert isinstance(read.bare, Templates)
    assert not isinstance(read.drawn, Templates)
    assert read.drawn is not None
    assert read.drawn.code == "not_drawn"


def test_a_face_that_its_label_calls_masked_gets_no_other(mfr2_root: Path, reader: Reader) -> None:
    path = mfr2_root / "Obama" / "Obama_0001.png"  # where the wearing model sees none
    read = reader(Wanted(0, path, "x", drawn=True, known_masked=True))
    assert not isinstance(read.drawn, Templates)
    assert read.drawn is not None
    assert (read.drawn.code, read.drawn.message) == ("not_drawn", "the face wears a mask already, says its label")


def test_a_place_for_templates_is_tried_before_any_photo_is_read(
    pairs: PairList, reader: Reader, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    read: list[int] = []
    with pytest.raises(DestinationUnusable):
        evaluate(pairs, Asked(reader, templates=tmp_path / "file" / "t.npz"), started=read.append)
    assert not read


def test_the_central_face_is_chosen() -> None:
    boxes = np.array([[0, 0, 50, 50], [60, 40, 90, 70], [70, 45, 80, 60]], np.float32)
    faces = Faces((150, 110), boxes, np.ones(3, np.float32), np.zeros((3, 5, 2), np.float32))
    assert choose_face(faces, "largest").boxes.tolist() == [boxes[0].tolist()]
    # two hold the middle (75, 55): the one whose own middle is nearest to it
    assert choose_face(faces, "central").boxes.tolist() == [boxes[1].tolist()]
    assert choose_face(faces[[0]], "central").boxes.tolist() == [boxes[0].tolist()]


def test_two_in_a_photo(reader: Reader, embedder_file: Path, tmp_path: Path) -> None:
    large, small = rendered("impostor_1", None), rendered("person_a_1", None, 140)
    sheet = np.full((240, 480, 3), 90, np.uint8)
    sheet[: large.shape[0], : large.shape[1]] = large
    sheet[40 : 40 + small.shape[0], 190 : 190 + small.shape[1]] = small
    Image.fromarray(sheet).save(tmp_path / "two.png")
    assert len(find_faces(read_image(tmp_path / "two.png"))) >= 2
    boxes = []
    for choice in ("largest", "central"):
        read = Reader(str(embedder_file), choice, Drawing())(Wanted(0, tmp_path / "two.png", "two"))
        assert isinstance(read.bare, Templates)
        boxes.append(read.bare.boxes[0])
    assert boxes[0][0] < 100 < boxes[1][0]


def test_the_page_names_and_shows_no_face_unless_asked(found: Evaluation) -> None:
    page = recognition_page(found)
    for words in ("Verification", "DET curve", "masked-bare", "Sunak/Sunak_0003.png", "Identification", "± "):
        assert words in page
    assert "<img" not in page
    assert "http" not in page
    with_pictures = recognition_page(found, pictures=True)
    assert with_pictures.count("<img") > 10
    assert "This page contains faces" in with_pictures


def test_a_set_without_bare_faces_has_a_page(mfr2_root: Path, reader: Reader) -> None:
    pairs = read_mfr2(mfr2_root)
    pairs = pairs[[12]]  # Obama 2 and Sunak 2, who both wear masks
    none = evaluate(replace(pairs, kinds=None), Asked(reader, "probe", impostors=0, rounds=0))
    assert not none.groups
    assert "No pair is of the faces" in recognition_page(none)


def test_worst_pairs_are_the_worst(found: Evaluation) -> None:
    trials = found.groups["all pairs"]
    (worst,) = worst_pairs(trials, same=True, count=1)
    assert trials.scores[worst] == trials.scores[trials.same & ~trials.failed].min()
    (closest,) = worst_pairs(trials, same=False, count=1)
    assert trials.scores[closest] == trials.scores[~trials.same & ~trials.failed].max()


@pytest.mark.data
def test_lfw_is_of_the_face_in_the_middle(data_root: Path) -> None:
    # the largest face is her companion's, at the right edge
    image = read_image(data_root / "lfw" / "images" / "Tammy_Lynn_Michaels" / "Tammy_Lynn_Michaels_0001.jpg")
    faces = find_faces(image)
    assert choose_face(faces, "largest").boxes[0, 0] > 150
    x0, y0, x1, y1 = choose_face(faces, "central").boxes[0]
    assert x0 < 125 < x1
    assert y0 < 125 < y1
    assert y1 - y0 > 80  # the whole face, not a part of it that was framed as well
