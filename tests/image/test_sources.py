"""Paths, buffers and file objects: what is read, what is refused, and that nothing blocks."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from masquerade.errors import (
    ImageEmpty,
    ImageInvalid,
    ImageNotFound,
    ImageTooLarge,
    ImageUnreadable,
    SettingsInvalid,
)
from masquerade.image import Limits, read_header, read_image
from tests.image.pictures import encoded, gradient

RGB = gradient()
PNG = encoded(Image.fromarray(RGB), "PNG")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "picture.png"
    file.write_bytes(PNG)
    return file


class Bytes:
    """A path that is bytes."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __fspath__(self) -> bytes:
        return os.fsencode(self.path)


def test_all_sources_give_the_same(path: Path) -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(size or 0, 100))

    with path.open("rb") as file:
        sources: list[Any] = [
            path,  # Path
            str(path),  # str
            Bytes(path),  # PathLike of bytes
            PNG,  # bytes
            bytearray(PNG),  # bytearray
            memoryview(PNG),  # memoryview
            memoryview(bytes(byte for byte in PNG for _ in range(2)))[::2],  # one with gaps
            io.BytesIO(PNG),  # file in memory
            file,  # file on disk
            Slow(PNG),  # gives a little at a time
        ]
        for source in sources:
            assert np.array_equal(read_image(source), RGB), type(source)


def test_file_objects_are_read_from_where_they_stand() -> None:
    file = io.BytesIO(b"preface" + PNG)
    file.seek(7)
    assert read_header(file).format == "PNG"


def test_file_objects_are_not_read_beyond_the_limit() -> None:
    file = io.BytesIO(bytes(1000))
    with pytest.raises(ImageTooLarge, match=r"at least 101 bytes, expected at most 100 .*MASQUERADE_MAX_BYTES"):
        read_image(file, Limits(100, 100))
    assert file.tell() == 101


def test_byte_limit(path: Path) -> None:
    exact = Limits(len(PNG), 10_000)
    assert read_image(path, exact).shape == RGB.shape
    less = Limits(len(PNG) - 1, 10_000)
    for source in (path, PNG, bytearray(PNG), memoryview(PNG), io.BytesIO(PNG)):
        with pytest.raises(ImageTooLarge, match=f"expected at most {len(PNG) - 1:,}"):
            read_image(source, less)


def test_a_large_file_is_refused_before_it_is_read(path: Path) -> None:
    os.truncate(path, 2**40)  # a hole: takes no space
    with pytest.raises(ImageTooLarge, match="1,099,511,627,776 bytes"):
        read_image(path)


@pytest.mark.parametrize("values", [(0, 1), (1, 0), (-5, 5)])
def test_limits_below_one(values: tuple[int, int]) -> None:
    with pytest.raises(SettingsInvalid, match="at least 1"):
        Limits(*values)


NOWHERE = [
    # does not exist; below a file; empty; a NUL; a name that is too long; a lone surrogate
    ("{}/missing.jpg", "No such file"),
    ("{}/picture.png/inner.jpg", "Not a directory"),
    ("", "No such file"),
    ("{}/a\0b.jpg", "null"),
    ("{}/" + "x" * 5000, "too long"),
    ("{}/\ud800.jpg", "surrogates"),
    # a folder
    ("{}", "a folder, expected a file"),
    # a device
    ("/dev/zero", "a device, expected a file"),
]


@pytest.mark.parametrize(("name", "message"), NOWHERE)
def test_paths_that_lead_nowhere(path: Path, name: str, message: str) -> None:
    with pytest.raises(ImageNotFound, match=message):
        read_image(name.format(path.parent))


def test_links_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").symlink_to("b.jpg")
    (tmp_path / "b.jpg").symlink_to("a.jpg")
    with pytest.raises(ImageNotFound):
        read_image(tmp_path / "a.jpg")


def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(ImageNotFound, match="a pipe, expected a file"):
        read_image(tmp_path / "pipe.jpg")


def test_a_file_that_becomes_a_pipe_does_not_block(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    was = path.stat()
    path.unlink()
    os.mkfifo(path)
    monkeypatch.setattr(os, "stat", lambda *_, **__: was)
    with pytest.raises(ImageNotFound, match="a pipe"):
        read_image(str(path))


REFUSED = [
    # no permission; an error of the disk
    (PermissionError(13, "Permission denied"), "Permission denied .*look at the permissions"),
    (OSError(5, "Input/output error"), "Input/output error"),
]


@pytest.mark.parametrize(("error", "message"), REFUSED)
def test_unreadable(path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, message: str) -> None:
    def fail(*_: object) -> int:
        raise error

    monkeypatch.setattr(os, "open", fail)
    with pytest.raises(ImageUnreadable, match=message):
        read_image(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(path: Path) -> None:
    path.chmod(0)
    with pytest.raises(ImageUnreadable):
        read_image(path)


def test_empty(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    for source in (tmp_path / "empty.jpg", b"", io.BytesIO()):
        with pytest.raises(ImageEmpty, match="no bytes"):
            read_image(source)


class Reader:
    """A file object whose read gives, or raises, one thing."""

    name = 3  # as of a file opened by its number

    def __init__(self, result: object) -> None:
        self.result = result

    def read(self, _count: int, /) -> object:
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


READERS = [
    # text mode, a text by another name, nothing yet, closed, broken
    (io.StringIO("text"), ImageInvalid, "text mode"),
    (Reader("text"), ImageInvalid, r"read\(\) gives str, expected bytes"),
    (Reader(None), ImageUnreadable, "no data yet"),
    (Reader(ValueError("I/O operation on closed file")), ImageUnreadable, "closed file"),
    (Reader(ConnectionResetError("reset")), ImageUnreadable, "reset"),
]


@pytest.mark.parametrize(("reader", "error", "message"), READERS)
def test_file_objects_that_do_not_serve(reader: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        read_image(reader)


@pytest.mark.parametrize("thing", [None, 5, [[0, 1]], object()])
def test_things_that_are_no_picture(thing: Any) -> None:
    with pytest.raises(ImageInvalid, match=r"was given as picture, expected a path, bytes, a binary file"):
        read_image(thing)


def test_names_that_would_spoil_a_terminal(tmp_path: Path) -> None:
    with pytest.raises(ImageNotFound) as caught:
        read_image(tmp_path / "a\x1b[31m\nb.jpg")
    assert "\x1b" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_importing_does_not_load_opencv() -> None:
    code = "import sys, masquerade.image; sys.exit('cv2' in sys.modules or 'pillow_heif' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
