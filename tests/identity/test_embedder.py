"""Crops to templates, against the network's formula."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from masquerade.errors import ModelContractBroken, ModelHashMismatch, ModelUnknown
from masquerade.faces import align_faces, key_points
from masquerade.geometry import similarity, transform
from masquerade.identity import get_embedder
from tests.faces.photos import found, photo
from tests.identity.made import DIMENSIONS, SIZE, expected, put_embedder

CROPS = np.random.default_rng(4).integers(0, 256, (5, SIZE, SIZE, 3), np.uint8)


def unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([vector / np.sqrt((vector**2).sum()) for vector in vectors])


def formula(crops: NDArray[np.uint8], seed: int = 0, colour: str = "rgb", mean: float = 127.5, scale: float = 1 / 128):  # type: ignore[no-untyped-def]
    order = [0, 1, 2] if colour == "rgb" else [2, 1, 0]
    planes = np.stack([crops[..., channel].astype(np.float64) for channel in order], axis=1)
    return unit(expected((planes - mean) * scale, seed))


CARDS = [
    # as ArcFace's networks, as SFace, as those of Caffe
    ("rgb", 127.5, 1 / 128),
    ("rgb", 0.0, 1.0),
    ("bgr", 100.0, 0.01),
]


@pytest.mark.parametrize(("colour", "mean", "scale"), CARDS)
def test_input_and_unit_length(tmp_path: Path, colour: str, mean: float, scale: float) -> None:
    embedder = get_embedder(str(put_embedder(tmp_path, colour=colour, mean=mean, scale=scale)))
    templates = embedder.embed(CROPS, mirrored=False)
    assert templates.shape == (5, DIMENSIONS)
    assert templates.dtype == np.float32
    np.testing.assert_allclose(templates, formula(CROPS, 0, colour, mean, scale), atol=2e-5)
    np.testing.assert_allclose(np.linalg.norm(templates, axis=1), 1, atol=1e-6)


def test_mirror_images_count_half(tmp_path: Path) -> None:
    embedder = get_embedder(str(put_embedder(tmp_path)))
    mean = unit((formula(CROPS) + formula(CROPS[:, :, ::-1])) / 2)
    np.testing.assert_allclose(embedder.embed(CROPS), mean, atol=2e-5)
    np.testing.assert_allclose(embedder.embed(CROPS[:, :, ::-1]), embedder.embed(CROPS), atol=1e-6)


def test_a_second_output_answers_for_masked_faces(tmp_path: Path) -> None:
    masked = np.array([True, False, False, True, False])
    one, two = put_embedder(tmp_path, "one"), put_embedder(tmp_path, "two", second=True)
    wanted = np.where(masked[:, None], formula(CROPS, 1), formula(CROPS, 0))
    np.testing.assert_allclose(get_embedder(str(two)).embed(CROPS, masked, mirrored=False), wanted, atol=2e-5)
    single = get_embedder(str(one))
    np.testing.assert_array_equal(single.embed(CROPS, masked), single.embed(CROPS))


@pytest.mark.parametrize("batch", [1, 4])
def test_networks_of_a_fixed_batch(tmp_path: Path, batch: int) -> None:
    embedder = get_embedder(str(put_embedder(tmp_path, batch=batch)))
    np.testing.assert_allclose(embedder.embed(CROPS, mirrored=False), formula(CROPS), atol=2e-5)


@pytest.mark.parametrize("count", [0, 1, 40])
def test_any_number_of_crops(tmp_path: Path, count: int) -> None:
    crops = np.resize(CROPS, (count, SIZE, SIZE, 3))
    templates = get_embedder(str(put_embedder(tmp_path))).embed(crops)
    assert templates.shape == (count, DIMENSIONS)
    if count:
        np.testing.assert_allclose(templates[-1], templates[(count - 1) % 5], atol=1e-6)


def test_the_id_names_model_and_file(tmp_path: Path) -> None:
    path = put_embedder(tmp_path)
    embedder = get_embedder(str(path))
    assert embedder.id == f"tiny@{embedder.session.card.sha256[:12]}"
    assert embedder.name == str(path)


def test_the_setting_names_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_settings: None) -> None:
    monkeypatch.setenv("MASQUERADE_IDENTITY_MODEL", str(put_embedder(tmp_path, "mine")))
    assert get_embedder().id.startswith("mine@")


def test_crops_lie_on_the_cards_template(tmp_path: Path) -> None:
    points = [[40.0, 50.0], [70.0, 50.0], [55.0, 68.0], [43.0, 84.0], [68.0, 84.0]]
    image, faces = photo("person_b_1"), found("person_b_1")
    own = get_embedder(str(put_embedder(tmp_path, "own", template=points)))
    usual = get_embedder(str(put_embedder(tmp_path, "usual")))
    np.testing.assert_array_equal(usual.crops(image, faces), align_faces(image, faces))
    assert faces.landmarks is not None
    seen = key_points(faces.landmarks)[0]
    wanted = transform(similarity(seen, np.array(points)), faces.landmarks[0, :, :2])
    np.testing.assert_allclose(own.landmarks(faces)[0, :, :2], wanted, atol=1e-3)
    # The face is smaller there: more of what lies around it is in the crop.
    assert own.crops(image, faces).shape == (1, SIZE, SIZE, 3)
    assert (own.crops(image, faces) != usual.crops(image, faces)).any()


def test_eyes_alone_do_not_feel_the_mouth(tmp_path: Path) -> None:
    embedder = get_embedder(str(put_embedder(tmp_path, rest_on="eyes")))
    image, faces = photo("person_b_1"), replace(found("person_b_1"), landmarks=None)
    moved = faces.points.copy()
    moved[:, 3:] += 9
    np.testing.assert_array_equal(embedder.crops(image, faces), embedder.crops(image, replace(faces, points=moved)))


def test_dimensions_that_the_file_does_not_give(tmp_path: Path) -> None:
    embedder = get_embedder(str(put_embedder(tmp_path, real=20)))
    with pytest.raises(ModelContractBroken, match=r"parameters\.dimensions: expected 24, the file gives \[20\] a face"):
        embedder.embed(CROPS)


def test_crops_of_another_size(tmp_path: Path) -> None:
    embedder = get_embedder(str(put_embedder(tmp_path)))
    with pytest.raises(ModelContractBroken, match=r"expected uint8 crops \(n, 112, 112, 3\), got \(5, 96, 96, 3\)"):
        embedder.embed(CROPS[:, :96, :96])


def test_a_template_without_length_is_no_template(tmp_path: Path) -> None:
    embedder = get_embedder(str(put_embedder(tmp_path, mean=0.0)))
    with pytest.raises(ModelContractBroken, match="gave a template that is zero or no number"):
        embedder.embed(np.zeros((1, SIZE, SIZE, 3), np.uint8))


def test_files_that_are_not_there_or_changed(tmp_path: Path) -> None:
    with pytest.raises(ModelUnknown):
        get_embedder(str(tmp_path / "nobody.onnx"))
    path = put_embedder(tmp_path, "changed")
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(ModelHashMismatch):
        get_embedder(str(path))
