"""The command line as a process of its own: pipes, signals, encodings, terminals."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.commands import COMMAND, environment, run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and file names")


@pytest.fixture
def many(tmp_path: Path, face: Path) -> Path:
    """A folder with more photos than a test will wait for."""
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(400):
        (folder / f"{number:03}.jpg").hardlink_to(face)
    return folder


def test_a_module_and_a_version() -> None:
    result = run("--version")
    assert (result.code, result.err) == (0, "")
    assert result.out.strip()


def test_exit_codes_reach_the_shell(tmp_path: Path, face: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    assert run("look", face).code == 0
    assert run("look", tmp_path, face).code == 1
    result = run("look", tmp_path / "nothing*")
    assert (result.code, result.out) == (2, "")
    assert "[no_images]" in result.err
    assert "Traceback" not in result.err


def test_a_setting_that_cannot_be_used(face: Path) -> None:
    for command in (["look", str(face)], ["doctor"]):
        result = run(*command, MASQUERADE_THREADS="many")
        assert (result.code, result.out) == (2, "")
        assert result.err.startswith("masquerade: threads: ") or "MASQUERADE_THREADS" in result.err
        assert "[settings_invalid]" in result.err


def test_a_reader_that_leaves_ends_it_quietly(many: Path) -> None:
    for options in (["--json"], []):
        with subprocess.Popen(
            [*COMMAND, "look", *options, str(many)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            assert b"000.jpg" in process.stdout.readline()
            process.stdout.close()
            started = time.monotonic()
            assert process.stderr.read() == b""
            process.wait(20)
            assert time.monotonic() - started < 10


def test_lines_come_one_by_one_and_an_interrupt_leaves_whole_files(many: Path, tmp_path: Path) -> None:
    out, report = tmp_path / "out", tmp_path / "report.html"
    words = ["look", "--json", str(many), "--save", str(out), "--report", str(report)]
    with subprocess.Popen([*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        names = [json.loads(process.stdout.readline())["photo"] for _ in range(3)]
        # It is far from done, so each line came as soon as it was known.
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read().splitlines()
        assert process.stderr.read() == b""
        assert process.wait(20) == 130
    assert [Path(name).name for name in names] == ["000.jpg", "001.jpg", "002.jpg"]
    assert 3 + len(rest) < 400
    for line in rest:
        json.loads(line)
    assert not report.exists()
    saved = sorted(path.name for path in out.iterdir())
    assert saved == [f"{number:03}.jpg" for number in range(len(saved))]
    assert all((out / name).read_bytes().endswith(b"\xff\xd9") for name in saved)


ENCODINGS = [
    {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    {"PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"},
    {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": ""},
    {"PYTHONIOENCODING": "utf-8:strict"},
]


@pytest.mark.parametrize("changes", ENCODINGS, ids=lambda changes: next(iter(changes.values())))
def test_names_that_the_output_cannot_say(tmp_path: Path, face: Path, changes: dict[str, str]) -> None:
    names = [b"\xc3\xbcn\xc3\xaf \xe5\x8f\xa3\xe7\xbd\xa9.jpg", b"\xff\xfe byte.jpg"]
    for name in names:
        shutil.copy(os.fsencode(face), os.path.join(os.fsencode(tmp_path), name))  # noqa: PTH118 - bytes
    (tmp_path / "ç broken.jpg").touch()
    report = tmp_path / "report.html"
    text = run("look", tmp_path, "--save", tmp_path / "out", "--report", report, **changes)
    assert (text.code, text.err.count("Traceback")) == (1, 0)
    assert text.out.count("1 face\n") == 2
    assert "broken.jpg: " in text.err
    assert report.read_text(encoding="utf-8").count("<article>") == 3
    assert sorted(os.listdir(os.fsencode(tmp_path / "out"))) == sorted(names)  # noqa: PTH208 - bytes

    lines = run("look", "--json", tmp_path, "--fast", **changes).lines
    given = {json.dumps(line["photo"]) for line in lines}
    if "LC_ALL" not in changes:  # under C the interpreter reads other names than this process does
        assert {os.fsencode(json.loads(name)) for name in given} == {
            os.path.join(os.fsencode(folder), name)  # noqa: PTH118 - bytes
            for folder, names_in in ((tmp_path, [*names, "ç broken.jpg".encode()]), (tmp_path / "out", names))
            for name in names_in
        }
    assert len(given) == 5


def on_a_terminal(*words: str) -> tuple[str, list[str]]:
    """Run a command on a terminal: all that it wrote, and the lines that are left to see."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, *words], stdout=theirs, stderr=theirs, env=environment(TERM="xterm", COLUMNS="400")
    ) as process:
        os.close(theirs)
        written = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # the terminal is closed
                break
            if not part:
                break
            written += part
        assert process.wait(20) == 0
    os.close(ours)
    text = written.decode()
    return text, screen(text)


def screen(text: str) -> list[str]:
    """What a terminal shows in the end, of the few words that are spoken to it here."""
    lines, row, column = [""], 0, 0
    for control, count, letter, other in re.findall(r"(\x1b\[\??(\d*)[\d;]*([A-Za-z]))|(.|\n|\r)", text):
        if letter == "A":
            row -= int(count or 1)
        elif letter == "K":
            assert count == "2"
            lines[row] = ""
        elif other == "\r":
            column = 0
        elif other == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif other:
            lines[row] = lines[row][:column].ljust(column) + other + lines[row][column + 1 :]
            column += 1
        else:
            assert letter in "mhl", control
    return lines


def test_a_bar_on_a_terminal_goes_away(tmp_path: Path, face: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        shutil.copy(face, tmp_path / name)
    text, seen = on_a_terminal("look", "--json", str(tmp_path))
    plain = re.sub(r"\x1b\[[\d;]*m", "", text)
    assert "looking" in plain
    assert "0/2 -- /s" in plain
    assert "2/2" in plain
    assert "0:00 left" in plain.replace("00:00", "0:00")
    assert [Path(json.loads(line)["photo"]).name for line in seen[:2]] == ["a.jpg", "b.jpg"]
    assert not "".join(seen[2:]).strip()


def test_the_bar_of_a_job_goes_away(tmp_path: Path, face: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a.jpg", "b.jpg"):
        shutil.copy(face, tmp_path / "in" / name)
    words = ["mask", str(tmp_path / "in"), str(tmp_path / "out"), "--fast", "--kind", "surgical", "--workers", "1"]
    text, seen = on_a_terminal(*words)
    plain = re.sub(r"\x1b\[[\d;]*m", "", text)
    assert "masking" in plain
    assert re.search(r"1/2 (--|[\d.]+) /s", plain)
    assert seen[0].startswith("2 of 2 photos masked")
    assert not "".join(seen[1:]).strip()


def test_no_bar_without_a_terminal(samples: Path) -> None:
    assert run("look", "--fast", samples).err == ""
