"""Templates as values and as files."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from masquerade.errors import DestinationUnusable, TemplateOfAnotherModel, TemplatesInvalid
from masquerade.identity import Failed, Templates
from tests.identity.made import DIMENSIONS, MODEL, made_templates, units


def same(a: Templates, b: Templates) -> bool:
    arrays = ("photos", "boxes", "template", "masked", "template_masked")
    equal = all(np.array_equal(getattr(a, name), getattr(b, name)) for name in arrays)
    return equal and (a.model, a.failed) == (b.model, b.failed)


FAILED = (Failed("a/b.jpg", "no_face", "no face was found"), Failed("a, b.png", "image_damaged", "cut in half"))


@pytest.mark.parametrize("count", [0, 1, 7])
@pytest.mark.parametrize("failed", [(), FAILED])
def test_files_give_back_what_was_written(tmp_path: Path, count: int, failed: tuple[Failed, ...]) -> None:
    templates = made_templates(count, failed=failed)
    templates.save(tmp_path / "t.npz")
    assert same(Templates.load(tmp_path / "t.npz"), templates)
    assert [path.name for path in tmp_path.iterdir()] == ["t.npz"]


def test_the_arrays_of_a_file(tmp_path: Path) -> None:
    made_templates(3, failed=FAILED).save(tmp_path / "t.npz")
    with np.load(tmp_path / "t.npz", allow_pickle=False) as file:
        assert file["photo"].tolist() == ["0.jpg", "1.jpg", "2.jpg"]
        assert (file["box"].shape, file["masked"].dtype) == ((3, 4), np.bool_)
        for name in ("template", "template_masked"):
            assert (file[name].shape, file[name].dtype) == ((3, DIMENSIONS), np.float32)
            np.testing.assert_allclose(np.linalg.norm(file[name], axis=1), 1, atol=1e-6)
        assert file["failed"].tolist() == ["a/b.jpg", "a, b.png"]
        assert file["failed_code"].tolist() == ["no_face", "image_damaged"]
        assert file["model"].item() == MODEL


def test_names_may_be_anything(tmp_path: Path) -> None:
    names = ["same.jpg", "same.jpg", "Zoë/\u200b.png", "no \udcff text.jpg"]
    made_templates(4, photos=np.array(names, np.str_)).save(tmp_path / "t.npz")
    assert Templates.load(tmp_path / "t.npz").photos.tolist() == names


def test_some_of_them() -> None:
    templates = made_templates(5, failed=FAILED)
    assert templates[2].photos.tolist() == ["2.jpg"]
    assert templates[[4, 0]].photos.tolist() == ["4.jpg", "0.jpg"]
    assert len(templates[templates.masked]) == templates.masked.sum()
    assert templates[1:3].failed == ()
    np.testing.assert_array_equal(templates[-1].template[0], templates.template[4])
    with pytest.raises(IndexError):
        templates[5]


def test_joined() -> None:
    a, b = made_templates(2, failed=FAILED[:1]), made_templates(3, seed=9, failed=FAILED[1:])
    both = Templates.joined([a, Templates.empty(MODEL, DIMENSIONS), b])
    assert len(both) == 5
    assert both.failed == FAILED
    assert same(both[:2], made_templates(2))
    with pytest.raises(TemplatesInvalid, match="got none"):
        Templates.joined([])


OTHERS = [made_templates(1, model="other@0123456789ab"), Templates.empty(MODEL, DIMENSIONS + 1)]


@pytest.mark.parametrize("other", OTHERS)
def test_those_of_another_model_are_not_joined(other: Templates) -> None:
    with pytest.raises(TemplateOfAnotherModel, match="cannot be compared"):
        Templates.joined([made_templates(1), other])


def test_read_only() -> None:
    with pytest.raises(ValueError, match="read-only"):
        made_templates(2).template[0, 0] = 1


WRONG: list[tuple[str, Any, str]] = [
    ("boxes", np.zeros((2, 5)), r"boxes: expected shape \(2, 4\), got \(2, 5\)"),
    ("boxes", np.full((2, 4), np.nan), "boxes: expected finite"),
    ("photos", np.array(["a"]), "photos: expected shape"),
    ("template_masked", units(2, width=DIMENSIONS - 1), "template_masked: expected shape"),
    ("template", np.zeros((2, DIMENSIONS)), "template: expected vectors of unit length, got one of 0"),
    ("template", np.full((2, DIMENSIONS), np.nan), "template: expected vectors of unit length, got one of nan"),
    ("template", units(2)[0], r"template: expected shape \(n, d\)"),
]


@pytest.mark.parametrize(("name", "value", "message"), WRONG)
def test_arrays_that_do_not_fit(name: str, value: Any, message: str) -> None:
    with pytest.raises(TemplatesInvalid, match=message):
        made_templates(2, **{name: value})


def bytes_of(**changes: Any) -> bytes:
    """A file of templates with some arrays changed, or taken away by None."""
    whole = made_templates(2)
    arrays: dict[str, Any] = {
        "photo": whole.photos,
        "box": whole.boxes,
        "template": whole.template,
        "masked": whole.masked,
        "template_masked": whole.template_masked,
        "failed": np.zeros(0, np.str_),
        "failed_code": np.zeros(0, np.str_),
        "failed_reason": np.zeros(0, np.str_),
        "model": np.array(MODEL),
        "format": np.array(1),
        **changes,
    }
    buffer = io.BytesIO()
    np.savez(buffer, **{name: value for name, value in arrays.items() if value is not None})
    return buffer.getvalue()


FILES: list[tuple[bytes, str]] = [
    # no archive, half an archive, an archive of nothing
    (b"", "no file of templates"),
    (b"PK and no more", "no file of templates"),
    (bytes_of()[:900], "no file of templates"),
    (bytes_of(box=None, model=None), "lacks box, model"),
    (bytes_of(format=np.array(9)), "format: expected 1, got 9"),
    # what only pickle could read
    (bytes_of(photo=np.array([{}, []], object)), "no file of templates"),
    (bytes_of(model=np.array(3)), "masked, model: expected"),
    (bytes_of(masked=np.zeros(2)), "masked, model: expected"),
    (bytes_of(failed=np.array(["a.jpg"])), "failed, failed_code, failed_reason: expected"),
    (bytes_of(template=np.array(["a", "b"])), "template: expected shape"),
    (bytes_of(box=np.array([list("abcd")] * 2)), "could not convert"),
    (bytes_of(template=2 * units(2)), "template: expected vectors of unit length"),
]


@pytest.mark.parametrize(("content", "message"), FILES)
def test_files_that_are_no_templates(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "t.npz"
    path.write_bytes(content)
    with pytest.raises(TemplatesInvalid, match=rf"t\.npz: .*{message}"):
        Templates.load(path)


def test_any_damage_to_a_packed_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "t.npz"
    with np.load(io.BytesIO(bytes_of())) as file:
        np.savez_compressed(path, **file)
    whole = path.read_bytes()
    assert len(Templates.load(path)) == 2
    for place in range(0, len(whole), 5):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x2D]) + whole[place + 1 :])
        with contextlib.suppress(TemplatesInvalid):  # a place that nobody reads does no harm
            Templates.load(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TemplatesInvalid, match="nowhere"):
        Templates.load(tmp_path / "nowhere.npz")
    (tmp_path / "array.npz").write_bytes(b"")
    np.save(tmp_path / "array.npy", units(2))
    with pytest.raises(TemplatesInvalid, match="no file of templates"):
        Templates.load(tmp_path / "array.npy")


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DestinationUnusable):
        made_templates(1).save(tmp_path / "file" / "t.npz")
