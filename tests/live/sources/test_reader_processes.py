"""The reader's process: standard input, hanging, dying, leaving nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from masquerade.errors import SourceInvalid
from masquerade.live.sources import open_source
from tests.live.sources.http_camera import HttpCamera
from tests.live.sources.looking_on import PATIENCE, Watcher, numbered, write_film
from tests.live.sources.test_folders import picture_bytes

SHARED, OPEN = Path("/dev/shm"), Path("/proc/self/fd")  # noqa: S108 - looked at, not used
TAKE_ALL = """
import json, sys
from masquerade.live.sources import open_source
from tests.live.sources.looking_on import number_of
with open_source("-", **json.loads(sys.argv[1])) as source:
    print("open", flush=True)
    while source.state != "ended":
        frame = source.frame(1.0)
        if frame is not None:
            print(json.dumps([number_of(frame.image), frame.number, frame.time]), flush=True)
    print(json.dumps([source.damaged, source.skipped, source.reason]))
"""
HOLD = """
import sys, threading, time
from masquerade.live.sources import open_source
opened = []
starting = threading.Thread(target=lambda: opened.append(open_source(sys.argv[1], loop=True)))
starting.start()
starting.join()
source = opened[0]
time.sleep(0.2)  # that the thread is gone is no reason for the reader to end
for _ in range(20):
    assert source.frame(60.0) is not None
print(source.reader_pid, flush=True)
time.sleep(600)
"""


def run(code: str, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()
    )


def environment() -> dict[str, str]:
    root = Path(__file__).parents[3]
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(root / "src"), str(root)])}


def until_gone(pid: int) -> None:
    """Wait until a process is no more, or only its entry is left."""
    end = time.monotonic() + PATIENCE
    stat = Path(f"/proc/{pid}/stat")
    while stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < end, "the reader lives on"
        time.sleep(0.02)


def test_standard_input_as_a_film() -> None:
    stream = b"".join([picture_bytes(0), b"garbage", picture_bytes(1), picture_bytes(2)[:-100], picture_bytes(3)])
    with run(TAKE_ALL, json.dumps({"stdin_fps": 10.0})) as process:
        output, _ = process.communicate(stream, timeout=PATIENCE)
    opened, *frames, last = output.decode().splitlines()
    assert opened == "open"
    assert [json.loads(frame) for frame in frames] == [[0, 0, 0.0], [1, 1, 0.1], [3, 2, 0.2]]
    assert json.loads(last) == [2, 0, ""]


def test_standard_input_as_a_camera() -> None:
    with run(TAKE_ALL, "{}") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        seen = []
        for number in (5, 6, 7):  # each as soon as it is sent
            process.stdin.write(picture_bytes(number))
            process.stdin.flush()
            seen.append(json.loads(process.stdout.readline()))
        process.stdin.close()
        last = json.loads(process.stdout.readline())
    assert [number for number, _, _ in seen] == [5, 6, 7]
    assert all(later[2] > earlier[2] for earlier, later in pairwise(seen))
    assert last == [0, 0, ""]


@pytest.mark.parametrize(
    ("sent", "told"),
    [(b"garbage\n", "it sent what is no JPEG"), (picture_bytes(1)[:-9], "cut short"), (b"", "nothing came")],
)
def test_standard_input_without_a_picture_says_why(sent: bytes, told: str) -> None:
    with run(TAKE_ALL, "{}") as process:
        output, _ = process.communicate(sent, timeout=PATIENCE)
    damaged, _, reason = json.loads(output.decode().splitlines()[-1])
    assert damaged == bool(sent)
    assert "no picture" in reason
    assert told in reason


def test_a_terminal_is_no_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(SourceInvalid, match="standard input"):
        open_source("-")


def test_a_reader_that_hangs_is_replaced() -> None:
    with (
        HttpCamera() as camera,
        open_source(camera.address, stall_after=1.0, read_timeout=2.0, probe_every=0.1) as source,
    ):
        watcher = Watcher(source)
        watcher.until_frames(1)
        first = source.reader_pid
        os.kill(first, signal.SIGSTOP)
        watcher.until(lambda: source.reader_pid != first, "another reader")
        assert watcher.states[-2:] == ["stalled", "offline"]
        until_gone(first)
        watcher.until_state("online")


def test_a_reader_that_is_killed_is_replaced() -> None:
    with HttpCamera() as camera, open_source(camera.address, stall_after=40.0, read_timeout=60.0) as source:
        watcher = Watcher(source)
        before = watcher.until_frames(2)
        os.kill(source.reader_pid, signal.SIGKILL)
        watcher.until_state("offline")
        assert "signal 9" in watcher.changes[-1].reason
        watcher.until_state("online")
        assert watcher.until_frames(1)[0].number > before[-1].number


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
@pytest.mark.parametrize("stopped", [False, True])
def test_the_reader_ends_with_who_started_it(tmp_path: Path, stopped: bool) -> None:
    shared = set(SHARED.iterdir())
    with run(HOLD, str(write_film(tmp_path / "film.avi", 50))) as process:
        assert process.stdout is not None
        reader = int(process.stdout.readline())
        assert Path(f"/proc/{reader}").exists()
        if stopped:
            os.kill(reader, signal.SIGSTOP)
        process.kill()
        process.wait()
        until_gone(reader)
    assert not [path for path in set(SHARED.iterdir()) - shared if "masquerade" in path.name]


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_closing_leaves_nothing_behind(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.avi", 50)
    before = len(list(OPEN.iterdir()))
    for address in (str(film), str(tmp_path)):
        with open_source(address) as source:
            source.frame(0.2)
            reader = source.reader_pid
        until_gone(reader)
        assert source.frame(1.0) is None
        source.close()  # a second time
    assert len(list(OPEN.iterdir())) <= before  # one of another test may be gone by now


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_no_list_of_processes_shows_an_address() -> None:
    with open_source("rtsp://door:geheim99@127.0.0.1:9/x") as source:
        process = Path(f"/proc/{source.reader_pid}")
        Watcher(source).until_state("offline")
        for name in ("cmdline", "environ"):
            assert b"geheim99" not in (process / name).read_bytes() if process.exists() else True


def test_the_reader_loads_little() -> None:
    code = (
        "import sys, masquerade.live.sources.reader.__main__, masquerade.live.sources.reader.capture,"
        "masquerade.live.sources.reader.http, masquerade.live.sources.reader.jpegs;"
        "print([name for name in ('onnxruntime', 'PIL', 'pydantic', 'rich', 'typer') if name in sys.modules])"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env=environment())
    assert output.stdout.strip() == b"[]"
    assert numbered(0).any()
