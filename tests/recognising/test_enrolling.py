"""From photos to templates, against the steps written out."""

from __future__ import annotations

import multiprocessing
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from masquerade.errors import FaceQualityLow, FacesInvalid, ImageNotFound, NoFace, SeveralFaces, WorkerLost
from masquerade.faces import Faces, align_faces, landmarks_in_crops
from masquerade.identity import get_embedder
from masquerade.masks import mask_crops
from masquerade.recognising import DrawnMasks, in_processes, read_templates, templates_of, templates_of_photos
from masquerade.recognising.processes import CHUNK
from masquerade.wearing import Wearing
from tests.faces.photos import NAMES, ROOT, found, photo
from tests.identity.made import expected
from tests.recognising.made import beside, masked_photo

NAME = "person_b_1"
BARE = Wearing(np.array([[0, 1, 0]], np.float32), np.ones((1, 3), np.float32))
MASKED = Wearing(np.array([[1, 0, 0]], np.float32), np.zeros((1, 3), np.float32))


def embedded(crops: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Templates by the tiny network's formula: each crop and its mirror image, of unit length, and their sum."""
    both = [np.concatenate([crop, crop]) for crop in (crops, crops[:, :, ::-1])]
    planes = [(images[: len(crops)].astype(float).transpose(0, 3, 1, 2) - 127.5) / 128 for images in both]
    parts = [expected(values) for values in planes]
    whole = sum(part / np.linalg.norm(part, axis=1, keepdims=True) for part in parts)
    return np.asarray(whole / np.linalg.norm(whole, axis=1, keepdims=True))


def test_a_bare_face_has_a_version_with_masks(tiny: Path) -> None:
    drawn = DrawnMasks(seed=3)
    templates = read_templates(photo(NAME), found(NAME), wearing=BARE, photo="b.jpg", drawn=drawn)
    crops, landmarks = align_faces(photo(NAME), found(NAME)), landmarks_in_crops(found(NAME))
    versions = np.concatenate([mask_crops(crops, landmarks, [plan])[0] for plan in drawn.plans()])
    mean = embedded(versions).mean(axis=0)
    np.testing.assert_allclose(templates.template[0], embedded(crops)[0], atol=2e-5)
    # A grey level here and there depends on which masks are drawn together.
    np.testing.assert_allclose(templates.template_masked[0], mean / np.linalg.norm(mean), atol=2e-3)
    assert np.abs(templates.template_masked - templates.template).max() > 0.02
    assert (templates.photos.tolist(), templates.masked.tolist()) == (["b.jpg"], [False])
    np.testing.assert_array_equal(templates.boxes, found(NAME).boxes)
    assert templates.model == get_embedder().id


def test_a_masked_face_is_its_own(tiny: Path) -> None:
    templates = read_templates(photo(NAME), found(NAME), wearing=MASKED)
    assert templates.masked.tolist() == [True]
    np.testing.assert_array_equal(templates.template_masked, templates.template)


def test_the_wearing_is_read_where_it_is_not_given(tiny: Path) -> None:
    assert read_templates(photo(NAME), found(NAME)).masked.tolist() == [False]
    assert read_templates(masked_photo(NAME), found(NAME)).masked.tolist() == [True]


def test_no_faces_no_templates(tiny: Path) -> None:
    image = photo(NAME)
    none = found(NAME)[:0]
    assert len(read_templates(image, none)) == 0
    with pytest.raises(FacesInvalid, match="landmarks"):
        read_templates(image, Faces.empty((image.shape[1], image.shape[0])))


def test_faces_of_a_photo(tiny: Path) -> None:
    path = ROOT / "samples" / f"{NAME}.jpg"
    templates = templates_of(path)
    assert templates.photos.tolist() == [str(path)]
    assert templates_of(path.read_bytes()).photos.tolist() == [""]
    np.testing.assert_allclose(templates.template, read_templates(photo(NAME), found(NAME)).template, atol=1e-6)


def test_photos_without_a_usable_face(tiny: Path) -> None:
    with pytest.raises(NoFace):
        templates_of(np.full((90, 120, 3), 130, np.uint8))
    with pytest.raises(ImageNotFound):
        templates_of("nowhere.jpg")
    two = beside(photo("person_a_1"), photo("impostor_1"))
    with pytest.raises(SeveralFaces, match="2 faces"):
        templates_of(two)
    assert len(templates_of(two, faces="largest")) == 1
    assert len(templates_of(two, faces="all")) == 2
    dark = (photo(NAME) * 0.1).astype(np.uint8)
    with pytest.raises(FaceQualityLow, match=r"face at \d+ .*expected at least"):
        templates_of(dark)


def test_of_all_faces_those_below_the_floor_are_told(tiny: Path) -> None:
    two = beside(photo("impostor_1"), (photo("impostor_2") * 0.12).astype(np.uint8))
    templates = templates_of(two, faces="all")
    assert len(templates) == 1
    ((name, code, reason),) = templates.failed
    assert (name, code) == ("", "face_quality_low")
    assert reason.startswith("face at ")


@pytest.fixture
def folder(tmp_path: Path) -> list[Path]:
    """Samples, a blank, a broken photo and one that is not there."""
    blank, broken = tmp_path / "blank.png", tmp_path / "broken.jpg"
    Image.fromarray(np.full((64, 96, 3), 130, np.uint8)).save(blank)
    sample = ROOT / "samples" / f"{NAME}.jpg"
    broken.write_bytes(sample.read_bytes()[:4000])
    again = tmp_path / "again.jpg"
    again.write_bytes(sample.read_bytes())
    return [blank, *sorted((ROOT / "samples").glob("*.jpg")), broken, again, tmp_path / "nowhere.jpg"]


@pytest.mark.parametrize("workers", [1, 2])
def test_many_photos(tiny: Path, folder: list[Path], workers: int) -> None:
    seen: list[int] = []
    templates = templates_of_photos(folder, workers=workers, progress=lambda: seen.append(1))
    assert len(seen) == len(folder)
    assert templates.photos.tolist() == [*(str(path) for path in folder[1 : 1 + len(NAMES)]), str(folder[-2])]
    assert [(name, code) for name, code, _ in templates.failed] == [
        (str(folder[0]), "no_face"),
        (str(folder[-3]), "image_damaged"),
        (str(folder[-1]), "image_not_found"),
    ]
    # Photos of one content give one template, each under its own name.
    np.testing.assert_allclose(templates.template[-1], templates.template[NAMES.index(NAME)], atol=1e-6)
    one = templates_of(folder[1])
    np.testing.assert_allclose(templates[0].template, one.template, atol=1e-5)
    np.testing.assert_allclose(templates[0].template_masked, one.template_masked, atol=1e-5)


def test_no_photos(tiny: Path) -> None:
    templates = templates_of_photos([])
    assert (len(templates), templates.dimensions, templates.failed) == (0, 24, ())
    with pytest.raises(ValueError, match="expected one of"):
        templates_of_photos([], faces="both")  # type: ignore[arg-type]


def die_at(number: int) -> int:
    """End the process without a word, as a lack of memory does."""
    import os
    import signal

    if number == 9:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def write_down(task: tuple[str, int]) -> int:
    Path(task[0], str(task[1])).touch()
    return task[1]


def test_work_that_is_left_early_ends(tmp_path: Path) -> None:
    tasks = [(str(tmp_path), number) for number in range(400)]
    before = {child.pid for child in multiprocessing.active_children()}
    with closing(in_processes(write_down, tasks, 2)) as found:
        assert [next(found) for _ in range(5)] == list(range(5))
    assert {child.pid for child in multiprocessing.active_children()} <= before
    assert 5 <= len(list(tmp_path.iterdir())) < 100
    assert list(in_processes(write_down, tasks[:30], 2)) == list(range(30))


def test_a_process_that_is_killed() -> None:
    with pytest.raises(WorkerLost, match=r"a worker process ended after \d of 12 photos"):
        list(in_processes(die_at, range(12), 2))
    assert CHUNK < 9
    assert list(in_processes(die_at, range(9), 1)) == list(range(9))
