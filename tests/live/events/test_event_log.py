"""The log of events on disk: whole lines whatever happens, and none that is too old."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from masquerade.errors import DestinationUnusable, EventLogInvalid
from masquerade.live.events import EventLog
from masquerade.live.events.log import SWEEP_SECONDS
from masquerade.live.types import Event

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ALERT = Event(2.0004, "alert", 3, "incorrect")


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_film_gives_exactly_the_keys_of_an_event(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "new" / "events.jsonl", live=False, keep_days=1)
    log.write(Event(0.5, "entered", 1, "undecided"), ALERT)
    log.write(Event(4, "offline", reason="gone"))
    log.close()
    assert lines(log.path) == [
        {"time": 0.5, "event": "entered", "person": 1, "wearing": "undecided"},
        {"time": 2.0, "event": "alert", "person": 3, "wearing": "incorrect"},
        {"time": 4, "event": "offline", "person": None, "wearing": None, "reason": "gone"},
    ]
    assert (log.written, log.lost) == (3, 0)


def test_a_camera_gives_the_time_of_day_in_utc(tmp_path: Path) -> None:
    paris = datetime.fromisoformat("2026-11-22T13:00:00.25+01:00")
    with_camera = EventLog(tmp_path / "events.jsonl", live=True, now=lambda: paris)
    with_camera.write(ALERT)
    with_camera.close()
    assert lines(with_camera.path)[0]["at"] == "2026-11-22T12:00:00.250Z"


def test_it_is_a_sink_of_a_watch(tmp_path: Path) -> None:
    @dataclass
    class Snapshot:
        events: tuple[Event, ...]

    log = EventLog(tmp_path / "events.jsonl", live=False)
    log.take(None, Snapshot(()))
    log.take(None, Snapshot((ALERT, ALERT)))
    log.close()
    log.close()
    assert len(lines(log.path)) == 2


TORN = [
    # what a killed process left behind its whole lines, how many lines are read again
    (b'{"time": 1.0, "event": "al', 1),
    (b'{"time": 1.0, "event": "alert", "person": 1, "wearing": "incorrect"}', 2),
    (b"\x00\x00\x00", 1),
    (b"", 1),
]


@pytest.mark.parametrize(("torn", "whole"), TORN)
def test_a_torn_last_line_is_mended(tmp_path: Path, torn: bytes, whole: int) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'{"time": 0.5, "event": "entered", "person": 1, "wearing": "undecided"}\n' + torn)
    said: list[str] = []
    log = EventLog(path, live=False, say=said.append)
    log.write(ALERT)
    log.close()
    assert len(lines(path)) == whole + 1
    assert len(said) == (1 if torn and whole == 1 else 0)


def test_a_file_that_is_torn_from_its_start_is_mended(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'{"time": 1.0, "ev')
    log = EventLog(path, live=False, say=lambda _: None)
    log.write(ALERT)
    log.close()
    assert len(lines(path)) == 1


@pytest.mark.parametrize("content", [b"\xff\xd8\xff\xe0 a photo", b'{"photo": "a.jpg"}\n', b"notes\nof mine", b"[1]\n"])
def test_a_file_of_something_else_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "precious"
    path.write_bytes(content)
    with pytest.raises(EventLogInvalid, match="something else"):
        EventLog(path, live=False)
    assert path.read_bytes() == content


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(DestinationUnusable, match="is a folder"):
        EventLog(tmp_path, live=False)
    (tmp_path / "file").touch()
    with pytest.raises(DestinationUnusable):
        EventLog(tmp_path / "file" / "events.jsonl", live=False)


def test_two_watches_do_not_write_one_log(tmp_path: Path) -> None:
    first = EventLog(tmp_path / "events.jsonl", live=False)
    with pytest.raises(DestinationUnusable, match="another watch"):
        EventLog(first.path, live=False)
    first.close()
    EventLog(first.path, live=False).close()


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds)

    def clock(self) -> float:
        return self.seconds


def test_old_lines_are_taken_out_at_the_start_and_while_it_runs(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    stamps = ["2026-11-20T12:00:00.000Z", "2026-11-21T11:59:59.000Z", "2026-11-21T12:30:00.000Z"]
    path.write_text("".join(f'{{"at": "{stamp}", "event": "alert"}}\n' for stamp in stamps), encoding="utf-8")
    path.chmod(0o640)
    time = Clock()
    log = EventLog(path, live=True, keep_days=1, now=time.now, clock=time.clock)
    assert [line["at"] for line in lines(path)] == stamps[2:]
    assert path.stat().st_mode & 0o777 == 0o640
    time.seconds = SWEEP_SECONDS  # an hour later the third is older than a day, too
    log.write(ALERT)
    log.write(ALERT)
    assert [line["at"] for line in lines(path)] == ["2026-11-22T13:00:00.000Z"] * 2
    with pytest.raises(DestinationUnusable):  # still locked, though the file is a new one
        EventLog(path, live=False)
    log.close()


def test_without_a_limit_and_for_films_nothing_is_taken_out(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    content = '{"at": "1999-01-01T00:00:00.000Z", "event": "alert"}\n{"time": 1, "event": "alert"}\n'
    path.write_text(content, encoding="utf-8")
    EventLog(path, live=True, keep_days=None).close()
    EventLog(path, live=False, keep_days=1).close()
    assert path.read_text(encoding="utf-8") == content


def test_a_log_that_was_moved_away_begins_anew(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl", live=False)
    log.write(ALERT)
    log.path.rename(tmp_path / "events.jsonl.1")
    log.write(ALERT)
    log.close()
    assert len(lines(log.path)) == len(lines(tmp_path / "events.jsonl.1")) == 1


@contextmanager
def no_room_beyond(size: int) -> Iterator[None]:
    """Let the system refuse to make any file larger than this, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_said_once_and_heals(tmp_path: Path) -> None:
    said: list[str] = []
    log = EventLog(tmp_path / "events.jsonl", live=False, say=said.append)
    log.write(ALERT)
    size = log.path.stat().st_size
    with no_room_beyond(size + 10):  # room for a part of a line
        log.write(ALERT, ALERT)
        trouble = log.trouble
    assert trouble
    assert log.path.stat().st_size == size
    assert (log.written, log.lost, len(said)) == (1, 2, 1)
    log.write(ALERT)
    log.close()
    written = lines(log.path)
    assert [line["event"] for line in written] == ["alert", "events_lost", "alert"]
    assert str(written[1]["reason"]).startswith("2 events could not be written: ")
    assert written[1].keys() == {"time", "event", "person", "wearing", "reason"}
    assert (log.trouble, len(said), log.written) == ("", 2, 2)
    assert "2 were lost" in said[1]


def test_what_was_lost_is_told_at_the_end_if_there_is_room(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl", live=True, say=lambda _: None, now=lambda: NOON)
    with no_room_beyond(10):
        log.write(ALERT)
        assert log.path.stat().st_size == 0
    log.close()
    log.close()
    assert [line["event"] for line in lines(log.path)] == ["events_lost"]
    assert "at" in lines(log.path)[0]
    EventLog(log.path, live=True).close()  # a log may begin so


WRITER = """
import sys
from pathlib import Path
from masquerade.live.events import EventLog
from masquerade.live.types import Event
log = EventLog(Path(sys.argv[1]), live=True)
number = 0
while True:
    number += 1
    log.write(Event(number, "alert", number, "without_mask"))
    print(number, flush=True)
"""


def test_killed_at_any_moment_every_line_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    expected = 0
    for kills in range(2):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        for _ in range(20 + kills):
            said = writer.stdout.readline()
        os.kill(writer.pid, signal.SIGKILL)
        said = (said + writer.stdout.read()).split()[-1]
        writer.wait()
        writer.stdout.close()
        expected += int(said)
    EventLog(path, live=True).close()
    assert expected <= len(lines(path)) <= expected + 2  # one may be on disk and not yet told
