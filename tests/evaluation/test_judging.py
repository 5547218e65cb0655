"""A model on labelled photos: what is classified, and what is counted instead."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from masquerade.datasets.reading import read_set
from masquerade.datasets.splits import Split
from masquerade.datasets.types import LABELS, LabelledPhoto
from masquerade.datasets.wearing_sets import read_held_out
from masquerade.errors import ModelContractBroken, ModelUnknown
from masquerade.evaluation.judging import judge
from masquerade.evaluation.learnt import learnt_by
from masquerade.image import read_image
from masquerade.models import get_model
from masquerade.wearing import classify_crops
from masquerade.wearing.crops import face_crops
from tests.evaluation.made_sets import boxed_set, folder_set, wearing_copy


def test_a_folder_a_class(tmp_path: Path, photos: list[Path]) -> None:
    found = judge(read_set(folder_set(tmp_path / "made", photos)).photos, "wearing")
    said = found.predictions
    assert found.photos == 4
    assert found.missed == {"with_mask": 1, "without_mask": 0, "incorrect": 0}  # the picture without any face
    assert dict(zip(said.photos, said.truth.tolist(), strict=True)) == {
        "made/with_mask/c.jpg": 0,
        "made/without_mask/a.jpg": 1,
        "made/without_mask/b.jpg": 1,
    }
    assert set(said.predicted.tolist()) == {1}  # all are bare, whatever the folder says
    assert len(np.unique(said.groups)) == 3
    assert found.sets.tolist() == ["made"] * 3


def test_drawn_boxes(tmp_path: Path, photos: list[Path]) -> None:
    (photo,) = read_set(boxed_set(tmp_path / "made", photos[0])).photos
    found = judge([photo], "wearing")
    assert found.small == 1
    assert found.predictions.truth.tolist() == [1, 0, 2]
    assert found.missed == dict.fromkeys(LABELS, 0)
    crops = face_crops(read_image(photo.path), photo.boxes_or_raise()[[0, 2, 3]], 96)
    np.testing.assert_allclose(found.predictions.probabilities, classify_crops(crops).probabilities, atol=1e-6)
    assert judge([photo], "wearing", min_side=10).small == 0


def test_found_boxes(tmp_path: Path, photos: list[Path]) -> None:
    (photo,) = read_set(boxed_set(tmp_path / "made", photos[0])).photos
    alone = replace(photo, labels=photo.labels[:3], boxes=photo.boxes_or_raise()[:3])
    found = judge([alone], "wearing", boxes="found")
    assert found.small == 1
    assert found.predictions.truth.tolist() == [1]
    assert found.missed == {"with_mask": 1, "without_mask": 0, "incorrect": 0}
    assert not np.array_equal(found.predictions.boxes[0], photo.boxes_or_raise()[0])


def test_near_duplicates_share_a_group(tmp_path: Path, photos: list[Path]) -> None:
    root = folder_set(tmp_path / "made", photos)
    (root / "with_mask" / "blank.png").unlink()
    (root / "with_mask" / "again.jpg").write_bytes((root / "without_mask" / "a.jpg").read_bytes())
    said = judge(read_set(root).photos, "wearing").predictions
    groups = dict(zip(said.photos, said.groups.tolist(), strict=True))
    assert groups["made/with_mask/again.jpg"] == groups["made/without_mask/a.jpg"]
    assert len(set(groups.values())) == 3


def test_photos_that_cannot_be_read_are_told(tmp_path: Path, photos: list[Path]) -> None:
    root = folder_set(tmp_path / "made", photos)
    file = root / "without_mask" / "b.jpg"
    file.write_bytes(file.read_bytes()[:800])
    found = judge(read_set(root).photos, "wearing")
    assert [(photo.path.name, error.code) for photo, error in found.unread] == [("b.jpg", "image_damaged")]
    assert found.photos == 3
    assert len(found.predictions) == 2


def test_a_model_of_two_labels(tmp_path: Path, photos: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    onnx = pytest.importorskip("onnx")
    path = wearing_copy(tmp_path / "two")
    _two_outputs(onnx, path)
    (photo,) = read_set(boxed_set(tmp_path / "made", photos[0])).photos
    found = judge([photo], str(path))
    assert found.incorrect_left_out == 1
    assert found.predictions.labels == LABELS[:2]
    assert found.predictions.truth.tolist() == [1, 0]


def _two_outputs(onnx: object, path: Path) -> None:
    """A graph that calls every face bare with 0.75, with a card of two labels."""
    helper = onnx.helper  # type: ignore[attr-defined]
    proto = onnx.TensorProto  # type: ignore[attr-defined]
    nodes = [
        helper.make_node("ReduceMean", ["pixels"], ["mean"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Reshape", ["mean", "column"], ["flat"]),
        helper.make_node("Mul", ["flat", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "chances"], ["probabilities"]),
    ]
    graph = helper.make_graph(
        nodes,
        "two",
        [helper.make_tensor_value_info("pixels", proto.FLOAT, ["n", 3, 96, 96])],
        [helper.make_tensor_value_info("probabilities", proto.FLOAT, ["n", 2])],
        [
            helper.make_tensor("column", proto.INT64, [2], [-1, 1]),
            helper.make_tensor("zero", proto.FLOAT, [1], [0.0]),
            helper.make_tensor("chances", proto.FLOAT, [2], [0.25, 0.75]),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    import hashlib
    import json

    card = json.loads(path.with_suffix(".json").read_text())
    card["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    card["parameters"] = {"size": 96, "margin": 0.25, "labels": ["with_mask", "without_mask"]}
    card["outputs"] = [{"name": "probabilities", "shape": ["n", 2], "meaning": "of the labels"}]
    path.with_suffix(".json").write_text(json.dumps(card))


def test_models_of_another_task_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelContractBroken, match="expected the task mask-wearing"):
        judge([], "yunet")
    path = wearing_copy(tmp_path, source_model="face-mesh")
    with pytest.raises(ModelContractBroken, match="expected the task mask-wearing"):
        judge([], str(path))
    with pytest.raises(ModelUnknown):
        judge([], str(tmp_path / "none.onnx"))


def photo_of(source: str, place: str) -> LabelledPhoto:
    return LabelledPhoto(source, Path("/x") / place, (0,), None, (), place)


def test_what_the_packaged_model_saw() -> None:
    learnt = learnt_by(get_model("wearing"))
    source, _, place = sorted(read_held_out())[0].partition("/")
    assert learnt.sources == {"ilc2021", "mask-kinds", "rmfd", "two-class"}
    assert not learnt.saw(photo_of(source, place))
    assert learnt.saw(photo_of(source, "images/not-held-out.jpg"))
    stranger = photo_of("another", "images/one.jpg")
    assert not learnt.saw(stranger)
    assert learnt.of_other_sets([stranger]) == ["another"]


def test_what_a_run_saw(tmp_path: Path) -> None:
    path = wearing_copy(tmp_path)
    nothing = learnt_by(get_model(str(path)))
    assert (nothing.where, nothing.sources) == ("", frozenset())
    parts = {"s/a.jpg": "train", "s/b.jpg": "check", "s/c.jpg": "test"}
    Split(parts, {key: number for number, key in enumerate(parts)}).save(tmp_path / "split.csv")
    learnt = learnt_by(get_model(str(path)))
    assert [learnt.saw(photo_of("s", name)) for name in ("a.jpg", "b.jpg", "c.jpg")] == [True, True, False]
    assert learnt.saw(photo_of("s", "new.jpg"))  # of the set, and not of its test part
    assert not learnt.saw(photo_of("t", "a.jpg"))
