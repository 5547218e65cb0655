"""Decoding in processes that can be killed."""

from __future__ import annotations

import io
import os
import signal
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from masquerade.errors import ImageDamaged, ImageEmpty, ImageFormatUnknown, ImageTooLarge, ImageTooSlow, WorkerLost
from masquerade.image import Limits, read_image
from masquerade.service.work.decoder import Decoders
from masquerade.service.work.decoding import NUMBER
from tests.service.serving import lives

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


def test_a_picture_too_large_for_the_pipe_does_not_wait_for_a_decoder_that_hangs() -> None:
    decoders = Decoders(1, LIMITS, 0.2)
    decoders.start()
    os.kill(pid_of(decoders), signal.SIGSTOP)
    with pytest.raises(ImageTooSlow):
        decoders.read(bytes(5 * 10**6))
    decoders.close()


def picture(shade: int, side: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (side, side), shade).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


@contextmanager
def address_space(pid: int, most: int) -> Iterator[None]:
    """Let a process have no more memory than it has now, and so many bytes."""
    resource = pytest.importorskip("resource")
    status = Path(f"/proc/{pid}/statm")
    if not status.exists():
        pytest.skip("no /proc here")
    soft = int(status.read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE") + most
    earlier = resource.prlimit(pid, resource.RLIMIT_AS)
    resource.prlimit(pid, resource.RLIMIT_AS, (soft, earlier[1]))
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_AS, earlier)


@pytest.mark.skipif(sys.platform != "linux", reason="prlimit is Linux's")
@pytest.mark.parametrize("where", ["service", "decoder"])
def test_no_memory_for_one_picture_and_the_next_is_itself(where: str) -> None:
    """Not the one before it, whose pixels nobody took."""
    decoders = Decoders(1, Limits(max_bytes=10**8, max_pixels=10**8), 120.0)
    large, small = picture(10, 9000), picture(200, 5)  # the large one has 243 MB
    decoders.read(small)
    pid = os.getpid() if where == "service" else pid_of(decoders)
    with address_space(pid, 40 * 2**20), pytest.raises((WorkerLost, ImageDamaged)) as refused:
        decoders.read(large)
    assert isinstance(refused.value, WorkerLost) == (where == "service")
    np.testing.assert_array_equal(decoders.read(small), np.full((5, 5, 3), 200, np.uint8))
    decoders.close()


def test_the_answer_to_one_picture_is_never_given_for_another() -> None:
    decoders = Decoders(1, LIMITS, 120.0)
    decoders.read(picture(1, 4))
    child = decoders._free.queue[-1]
    assert child is not None
    child._pipe.send_bytes(NUMBER.pack(1))
    child._pipe.send_bytes(picture(50, 5))  # somebody asked, and never took the answer
    with pytest.raises(ImageDamaged, match="broke off"):
        decoders.read(picture(100, 6))
    np.testing.assert_array_equal(decoders.read(picture(150, 7)), np.full((7, 7, 3), 150, np.uint8))
    decoders.close()


@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt])
def test_whatever_comes_between_question_and_answer_ends_the_decoder(
    error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    decoders = Decoders(1, LIMITS, 120.0)
    decoders.read(picture(1, 4))
    with monkeypatch.context() as patch:
        patch.setattr("masquerade.service.work.decoder.np.empty", lambda *_: (_ for _ in ()).throw(error))
        with pytest.raises(WorkerLost if error is MemoryError else error):
            decoders.read(picture(2, 5))
    assert decoders._free.queue[-1] is None
    np.testing.assert_array_equal(decoders.read(picture(3, 6)), np.full((6, 6, 3), 3, np.uint8))
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
    while lives(child):
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_program_that_forgets_its_decoders_ends_all_the_same(tmp_path: Path) -> None:
    script = tmp_path / "owner.py"
    script.write_text(OWNER.replace("time.sleep(600)", "sys.exit(3)"))
    assert (
        subprocess.run([sys.executable, str(script)], stdout=subprocess.PIPE, timeout=120, check=False).returncode == 3
    )


def test_a_decoder_cannot_write_files_or_take_all_memory(decoders: Decoders, face_jpeg: bytes) -> None:
    decoders.read(face_jpeg)
    limits = Path(f"/proc/{pid_of(decoders)}/limits")
    if not limits.exists():
        pytest.skip("no /proc here")
    rows = {line[:25].strip(): line[25:].split()[:2] for line in limits.read_text().splitlines()[1:]}
    assert rows["Max file size"] == ["0", "0"]
    assert rows["Max core file size"] == ["0", "0"]
    assert rows["Max address space"] == [str(3 * 2**30)] * 2
