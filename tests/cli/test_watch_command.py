"""``masquerade watch`` as a process: what it prints, writes and never writes, and how it ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import masquerade as package
from masquerade.image import read_image
from tests.cli.commands import COMMAND, Run, environment

PATIENCE = 300.0
AUDITED = """
import os, sys
written = []
def note(event, words):
    if event == "open":
        path, mode, flags = words
        writes = isinstance(mode, str) and set(mode) & set("wax+")
        if writes or (isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND)):
            written.append(str(path))
    elif event in ("os.mkdir", "os.rename", "os.link", "os.symlink", "shutil.copyfile", "tempfile.mkstemp"):
        written.append(f"{event} {words[0]}")
sys.addaudithook(note)
from masquerade.cli import main
sys.argv = ["masquerade", *sys.argv[1:]]
try:
    main()
finally:
    for path in written:
        print(f"WRITTEN {path}")
"""
"""Runs the command line and tells of everything that Python opened for writing."""


@pytest.fixture(scope="module")
def portrait(samples: Path) -> NDArray[np.uint8]:
    """A frame of 320 x 240 with one bare face, BGR."""
    photo = read_image(samples / "person_a_1.jpg")
    scale = 220 / photo.shape[0]
    small = cv2.resize(photo, (round(photo.shape[1] * scale), 220), interpolation=cv2.INTER_AREA)
    frame = np.full((240, 320, 3), 110, np.uint8)
    frame[10:230, 60 : 60 + small.shape[1]] = small[..., ::-1]
    return frame


@pytest.fixture(scope="module")
def film(portrait: NDArray[np.uint8], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of two seconds: nobody, then somebody without a mask, who moves a little."""
    path = tmp_path_factory.mktemp("film") / "door.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (320, 240))
    for number in range(25):
        writer.write(np.roll(portrait, number, axis=1) if number >= 3 else np.full((240, 320, 3), 110, np.uint8))
    writer.release()
    return path


def test_a_film_its_events_its_summary_and_its_copy(masquerade: Run, film: Path, tmp_path: Path) -> None:
    saved, log = tmp_path / "out.mp4", tmp_path / "events.jsonl"
    done = masquerade("watch", film, "--save", saved, "--events", log, "--summary")
    assert done.code == 0, done.err
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(line["event"], line["person"], line["wearing"]) for line in lines] == [
        ("online", None, None),
        ("entered", 1, "undecided"),
        ("changed", 1, "without_mask"),
        ("alert", 1, "without_mask"),
        ("left", 1, "without_mask"),
    ]
    assert all(set(line) == {"time", "event", "person", "wearing"} for line in lines)
    *words, summary = done.out.splitlines()
    assert [word.split(" s  ")[1] for word in words] == [
        "the source is online",
        "person 1 entered",
        "person 1 wears no mask",
        "ALERT: person 1 wears no mask",
        "person 1 left",
    ]
    found = json.loads(summary)
    assert found["counts"] == {
        "entered": 1, "with_mask": 0, "without_mask": 1, "incorrect": 0, "undecided": 0, "alerts": 1
    }  # fmt: skip
    assert (found["frames"], found["skipped"], found["seconds"]) == (25, 0, 2.4)
    assert "nobody is identified, the film is stored with faces blurred" in done.err
    played = cv2.VideoCapture(str(saved))
    assert played.get(cv2.CAP_PROP_FRAME_COUNT) == 25
    again = masquerade("watch", film, "--save", saved)
    assert again.code == 2
    assert "is there already" in again.err


def test_events_on_standard_output_are_json_and_always_the_same(masquerade: Run, film: Path) -> None:
    first, second = (masquerade("watch", film, "--events", "-", "--seconds", "2") for _ in range(2))
    assert first.code == 0
    assert first.out == second.out
    assert [json.loads(line)["event"] for line in first.out.splitlines()][:2] == ["online", "entered"]
    assert "no picture is stored" in first.err
    assert "1 person: 0 with a mask, 1 without" in first.err


def test_nothing_is_written_that_was_not_asked_for(film: Path, tmp_path: Path) -> None:
    """No frame, crop or template: everything that is opened for writing is told, and every folder stays empty."""
    home, here, temporary = (tmp_path / name for name in ("home", "here", "temporary"))
    for folder in (home, here, temporary):
        folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-B", "-c", AUDITED, "watch", film, "--quiet"],
        capture_output=True,
        text=True,
        check=False,
        cwd=here,
        timeout=PATIENCE,
        env=environment(
            HOME=str(home),
            TMPDIR=str(temporary),
            XDG_CACHE_HOME="",
            XDG_CONFIG_HOME="",
            XDG_STATE_HOME="",
            PYTHONPATH=str(Path(package.__file__).parents[1]),
        ),
    )
    assert done.returncode == 0, done.stderr
    assert "1 person" in done.stderr
    written = [line.removeprefix("WRITTEN ") for line in done.stdout.splitlines() if line.startswith("WRITTEN ")]
    # Numbers are pipes to the process that reads the film; its pictures come by memory that has no name.
    assert [path for path in written if not path.isdigit() and path != "/dev/null"] == []
    assert [path for folder in (home, here, temporary) for path in folder.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_is_told_to_end_and_leaves_a_film_that_plays(film: Path, tmp_path: Path, number: signal.Signals) -> None:
    saved, log = tmp_path / "out.avi", tmp_path / "events.jsonl"
    words = [*COMMAND, "watch", str(film), "--loop", "--save", str(saved), "--events", str(log)]
    running = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(), start_new_session=True
    )
    try:
        until = time.monotonic() + PATIENCE
        while not (log.exists() and "changed" in log.read_text()):
            assert time.monotonic() < until and running.poll() is None, running.communicate()
            time.sleep(0.1)
        # As a terminal does it, to the whole group: the process that reads must not be upset by it.
        (signal_group if number is signal.SIGINT else subprocess.Popen.send_signal)(running, number)
        out, err = running.communicate(timeout=PATIENCE)
    finally:
        running.kill()
    assert running.returncode == 0, err
    assert "person 1 left" in out
    assert "1 person" in err
    assert "Traceback" not in err
    assert json.loads(log.read_text().splitlines()[-1])["event"] == "left"
    assert cv2.VideoCapture(str(saved)).get(cv2.CAP_PROP_FRAME_COUNT) > 5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["events.jsonl", "out.avi"]


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="no terminals that hang up")
def test_a_terminal_that_is_closed_leaves_a_film_that_plays(film: Path, tmp_path: Path) -> None:
    """The window is closed: the kernel sends SIGHUP, and every later line to the terminal fails."""
    import os
    import pty

    saved, log = tmp_path / "out.avi", tmp_path / "events.jsonl"
    master, slave = pty.openpty()
    running = subprocess.Popen(
        [*COMMAND, "watch", str(film), "--loop", "--save", str(saved), "--events", str(log)],
        stdin=slave, stdout=slave, stderr=slave, env=environment(), start_new_session=True,
    )  # fmt: skip
    try:
        os.close(slave)
        os.set_blocking(master, False)
        until = time.monotonic() + PATIENCE
        while not (log.exists() and "changed" in log.read_text()):
            assert time.monotonic() < until and running.poll() is None
            with suppress(BlockingIOError):
                os.read(master, 65536)  # what nobody reads would stop it
            time.sleep(0.1)
        os.close(master)
        running.send_signal(signal.SIGHUP)
        assert running.wait(PATIENCE) == 0
    finally:
        running.kill()
    assert json.loads(log.read_text().splitlines()[-1])["event"] == "left"
    assert cv2.VideoCapture(str(saved)).get(cv2.CAP_PROP_FRAME_COUNT) > 5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["events.jsonl", "out.avi"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("words", [("--events", "-"), ()])
def test_output_on_a_full_disk_ends_no_watch(film: Path, tmp_path: Path, words: tuple[str, ...]) -> None:
    saved = tmp_path / "out.avi"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, "watch", str(film), "--save", str(saved), *words],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=PATIENCE, env=environment(),
        )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("the watch goes on") == 1
    assert "standard output: 5 events could not be printed" in done.stderr
    assert cv2.VideoCapture(str(saved)).get(cv2.CAP_PROP_FRAME_COUNT) == 25


def test_the_line_stays_one_line_on_a_narrow_terminal() -> None:
    from rich.console import Console

    from masquerade.cli.watch_lines import one_line

    line = one_line("online  ALERTS FAIL: office  25 frames/s  31 ms  in view 3  mask 1  none 1")
    drawn = Console(width=40).render_lines(line)  # as the live display does
    assert ["".join(segment.text for segment in one) for one in drawn] == ["online  ALERTS FAIL: office  25 frames/…"]


def signal_group(running: subprocess.Popen[str], number: signal.Signals) -> None:
    import os

    os.killpg(running.pid, number)


def test_what_cannot_be_watched(masquerade: Run, film: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("no film")
    for words, code in (
        ((tmp_path / "nowhere.mp4",), "source_not_found"),
        ((text,), "source_unreadable"),
        ((film, "--save", tmp_path / "film.gif"), "destination_unusable"),
        ((film, "--alerts", tmp_path / "nowhere.toml"), "alerts_invalid"),
    ):
        done = masquerade("watch", *words)
        assert done.code == 2, words
        assert f"[{code}]" in done.err
        assert "stored" not in done.err  # nothing will be
    assert masquerade("watch", film, "--show-faces").code == 2


def test_places_are_refused_before_any_is_touched(masquerade: Run, film: Path, tmp_path: Path) -> None:
    done = masquerade("watch", film, "--save", tmp_path / "out.mp4", "--events", tmp_path)
    assert done.code == 2
    assert list(tmp_path.iterdir()) == []


def test_pictures_on_standard_input_end_well(portrait: NDArray[np.uint8]) -> None:
    pictures = b"".join(cv2.imencode(".jpg", np.roll(portrait, number, axis=1))[1].tobytes() for number in range(3))
    done = subprocess.run(
        [*COMMAND, "watch", "-", "--quiet", "--summary"],
        input=pictures, capture_output=True, check=False, timeout=PATIENCE, env=environment(),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["ended"] == ""


def test_a_camera_that_never_answers(masquerade: Run) -> None:
    done = masquerade("watch", "http://127.0.0.1:9/", "--seconds", "2", "--summary", "--quiet")
    assert done.code == 1
    assert json.loads(done.out)["frames"] == 0
    assert "there was no picture" in done.err


def test_a_webhook_that_is_down_is_said_once_on_screen_and_in_the_events(
    masquerade: Run, film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_settings: None
) -> None:
    pytest.importorskip("httpx", reason="the extra [watch] is not installed")
    alerts, log = tmp_path / "alerts.toml", tmp_path / "events.jsonl"
    alerts.write_text('[channels.office]\nkind = "webhook"\nurl = "http://127.0.0.1:1/"\n')
    alerts.chmod(0o600)
    monkeypatch.setenv("MASQUERADE_ALERTS_OUTBOX", str(tmp_path / "outbox.sqlite"))
    done = masquerade("watch", film, "--alerts", alerts, "--events", log)
    assert done.code == 0, done.err
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    (told,) = [line for line in lines if line["event"].startswith("alerts_")]
    assert (told["event"], told["channel"], told["person"]) == ("alerts_failing", "office", None)
    assert told["reason"].startswith("no connection: ")
    said = [line for line in done.err.splitlines() if "office" in line]
    assert said[0].startswith("masquerade: alerts to office do not go out: no connection: ")
    assert said[1].startswith("masquerade: 1 alert to office left for the next start, in ")
    assert len(said) == 2
    assert "office" not in done.out  # once is enough


def test_a_film_played_in_real_time_has_no_time_of_day_and_sends_nothing_unasked(
    masquerade: Run, film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_settings: None
) -> None:
    log, alerts = tmp_path / "events.jsonl", tmp_path / "alerts.toml"
    alerts.write_text('quiet = ["00:00-24:00"]\n[channels.chime]\nkind = "pigeon"\n')  # is refused if it is read
    monkeypatch.setenv("MASQUERADE_ALERTS_FILE", str(alerts))
    done = masquerade("watch", film, "--realtime", "--seconds", "0.5", "--events", log)
    assert done.code == 0, done.err
    assert "at" not in json.loads(log.read_text().splitlines()[0])
