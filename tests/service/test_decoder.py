"""Decoding in processes that can be killed."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from masquerade.errors import ImageDamaged, ImageEmpty, ImageFormatUnknown, ImageTooLarge, ImageTooSlow
from masquerade.image import Limits, read_image
from masquerade.service.work.decoder import Decoders

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
LIMITS = Limits(max_bytes=10**6, max_pixels=10**5)


@pytest.fixture(scope="module")
def decoders() -> Iterator[Decoders]:
    made = Decoders(1, LIMITS, 120.0)
    yield made
    made.close()


def pid_of(decoders: Decoders) -> int:
    child = decoders._free.queue[-1]
    assert child is not None
    return child._process.pid or 0


def test_pixels_are_those_of_read_image(decoders: Decoders, face_jpeg: bytes, gray_png: bytes) -> None:
    for data in (face_jpeg, gray_png):
        np.testing.assert_array_equal(decoders.read(data), read_image(data))


HEADER = b"IHDR" + struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)
REFUSED = [
    (b"", ImageEmpty),
    (b"GIF89a.............", ImageFormatUnknown),
    (b"\xff\xd8\xff\xe0 no more than a beginning", ImageDamaged),
    (b"\x89PNG\r\n\x1a\n" + b"\0" * 10**6, ImageTooLarge),  # bytes
    (b"\x89PNG\r\n\x1a\n\0\0\0\r" + HEADER + struct.pack(">I", zlib.crc32(HEADER)) + b"\0\0\0\0IDAT", ImageTooLarge),
]


@pytest.mark.parametrize(("data", "kind"), REFUSED, ids=range(len(REFUSED)))
def test_errors_come_back_as_what_they_are(decoders: Decoders, data: bytes, kind: type[Exception]) -> None:
    with pytest.raises(kind) as here:
        read_image(data, LIMITS)
    with pytest.raises(kind) as there:
        decoders.read(data)
    assert str(there.value) == str(here.value)


def test_a_decoder_that_dies_costs_one_photo(decoders: Decoders, face_jpeg: bytes) -> None:
    decoders.read(face_jpeg)
    killed = pid_of(decoders)
    os.kill(killed, signal.SIGKILL)
    with pytest.raises(ImageDamaged, match="broke off"):
        decoders.read(face_jpeg)
    assert decoders.read(face_jpeg).shape[2] == 3
    assert pid_of(decoders) != killed


def test_a_decoder_that_hangs_is_killed(face_jpeg: bytes) -> None:
    decoders = Decoders(1, LIMITS, 0.2)
    decoders.start()
    hung = pid_of(decoders)
    os.kill(hung, signal.SIGSTOP)  # as still as a decoder in an endless loop is to us
    with pytest.raises(ImageTooSlow):
        decoders.read(face_jpeg)
    with pytest.raises(ProcessLookupError):
        os.kill(hung, 0)
    decoders.close()


OWNER = """
import sys, time
from masquerade.image import Limits
from masquerade.service.work.decoder import Decoders
if __name__ == "__main__":
    decoders = Decoders(1, Limits(1000, 1000), 5.0)
    decoders.start()
    print(decoders._free.queue[-1]._process.pid, flush=True)
    time.sleep(600)
"""


def test_no_decoder_outlives_a_service_that_was_killed(tmp_path: Path) -> None:
    script = tmp_path / "owner.py"
    script.write_text(OWNER)
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        child = int(owner.stdout.readline())
        owner.kill()
    until = time.monotonic() + 60
    while _lives(child):
        assert time.monotonic() < until
        time.sleep(0.02)


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_a_decoder_cannot_write_files_or_take_all_memory(decoders: Decoders, face_jpeg: bytes) -> None:
    decoders.read(face_jpeg)
    limits = Path(f"/proc/{pid_of(decoders)}/limits")
    if not limits.exists():
        pytest.skip("no /proc here")
    rows = {line[:25].strip(): line[25:].split()[:2] for line in limits.read_text().splitlines()[1:]}
    assert rows["Max file size"] == ["0", "0"]
    assert rows["Max core file size"] == ["0", "0"]
    assert rows["Max address space"] == [str(3 * 2**30)] * 2
