"""Interrupted jobs: killed, without room, changed on the way; what is done stays done, and no half file is left."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from masquerade.errors import DestinationUnusable, JobDiffers, ManifestInvalid, MasqueradeError
from masquerade.masks import Choice
from masquerade.masks.batch import Done, Here, Recipe, Task
from masquerade.masks.batch.naming import JOURNAL
from tests.cli.commands import COMMAND, environment
from tests.masks.batch.made import contents, lines, run, small, stamps

RECIPE = ("--fast", "--kind", "surgical", "--seed", "5")
CHOICE = Choice(kinds=("surgical",))
COUNT = 24


class Stopped(Exception):
    """Stands for whatever ends a process."""


class Stopping(Here):
    """Stops after some photos."""

    def __init__(self, after: int) -> None:
        self.after = after
        self.done: list[str] = []

    def run(self, recipe: Recipe, tasks: list[Task]) -> Generator[Done, None, None]:
        for done in super().run(recipe, tasks):
            if len(self.done) == self.after:
                raise Stopped
            self.done.append(done.photo)
            yield done


class Never(Here):
    """Nothing may be left to do."""

    def run(self, recipe: Recipe, tasks: list[Task]) -> Generator[Done, None, None]:
        assert [task.photo for task in tasks] == []
        yield from ()


@pytest.fixture(scope="session")
def many(photos: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More photos than are done before the process is killed."""
    top = tmp_path_factory.mktemp("many")
    for number, photo in enumerate(photos):
        small(photo, top / f"{number}.jpg", 130)
    for number in range(len(photos), COUNT):
        (top / f"{number}.jpg").hardlink_to(top / f"{number % len(photos)}.jpg")
    return top


@pytest.fixture(scope="session")
def whole(many: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What the job over them gives when nobody interrupts it."""
    place = tmp_path_factory.mktemp("whole") / "out"
    run(many, place, choice=CHOICE, seed=5)
    return contents(place)


def start(many: Path, place: Path) -> subprocess.Popen[bytes]:
    words = [*COMMAND, "mask", str(many), str(place), *RECIPE, "--workers", "2"]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())


def wait_for(journal: Path, count: int) -> None:
    """Wait until so many photos are noted."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if journal.exists() and journal.read_bytes().count(b"\n") > count:
            return
        time.sleep(0.005)
    raise AssertionError("it did not come that far")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_killed_and_resumed(many: Path, whole: dict[str, bytes], tmp_path: Path, how: signal.Signals) -> None:
    place = tmp_path / "out"
    with start(many, place) as process:
        wait_for(place / JOURNAL, 3)
        process.send_signal(how)
        _, err = process.communicate(timeout=30)
    assert process.returncode == (130 if how == signal.SIGINT else -how)
    assert (b"--resume goes on" in err) == (how == signal.SIGINT)
    assert b"Traceback" not in err
    found = contents(place)
    noted = [json.loads(line)["photo"] for line in found[JOURNAL].splitlines()[1:] if line.endswith(b"}")]
    assert 3 <= len(noted) < COUNT
    for name, content in found.items():
        if not name.rpartition("/")[2].startswith("."):
            assert content == whole[name], name  # no half file
    assert "manifest.jsonl" not in found
    before = stamps(place)

    summary = run(many, place, resume=True, choice=CHOICE, seed=5)
    assert (summary.photos, summary.trouble) == (COUNT, 0)
    assert contents(place) == whole
    after = stamps(place)
    for photo in noted:
        for name in (f"images/{photo}", f"masks/{photo.replace('.jpg', '.png')}"):
            assert after[name] == before[name]  # it was not written again


def test_workers_end_with_the_job_that_is_killed(many: Path, tmp_path: Path) -> None:
    if not Path("/proc/self").exists():
        pytest.skip("needs /proc")
    with start(many, tmp_path / "out") as process:
        wait_for(tmp_path / "out" / JOURNAL, 3)
        children = [int(text) for text in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]
        assert len(children) >= 2
        process.kill()
        process.communicate(timeout=30)
    until = time.monotonic() + 20
    while any(is_alive(child) for child in children):
        assert time.monotonic() < until
        time.sleep(0.05)


def is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_what_is_done_is_not_done_again(shots: Path, tmp_path: Path, done: Path) -> None:
    place = tmp_path / "out"
    with pytest.raises(Stopped):
        run(shots, place, Stopping(3), pairs=True)
    with pytest.raises(DestinationUnusable, match="holds a job already"):
        run(shots, place, pairs=True)
    engine = Stopping(99)
    run(shots, place, engine, resume=True, pairs=True)
    assert len(engine.done) == 5
    assert contents(place) == contents(done)


def test_a_finished_job_has_nothing_left(done: Path, shots: Path, tmp_path: Path) -> None:
    shutil.copytree(done, tmp_path / "out")
    engine = Stopping(99)
    summary = run(shots, tmp_path / "out", engine, resume=True, pairs=True)
    assert engine.done == ["torn.jpg"]  # what could not be read is tried again
    assert (summary.photos, summary.masked, summary.faces_masked, summary.failures, summary.trouble) == (8, 6, 6, 2, 1)
    assert contents(tmp_path / "out") == contents(done)


def test_photos_that_came_later_are_added(shots: Path, done: Path, tmp_path: Path) -> None:
    shutil.copytree(shots, tmp_path / "in")
    late = tmp_path / "in" / "two words" / "deep" / "c.webp"
    content = late.read_bytes()
    late.unlink()
    run(tmp_path / "in", tmp_path / "out", pairs=True, labels="coco")
    late.write_bytes(content)
    engine = Stopping(99)
    run(tmp_path / "in", tmp_path / "out", engine, resume=True, pairs=True, labels="coco")
    assert engine.done == ["torn.jpg", "two words/deep/c.webp"]
    run(tmp_path / "in", tmp_path / "straight", pairs=True, labels="coco")
    assert contents(tmp_path / "out") == contents(tmp_path / "straight")


def spoil_image(place: Path) -> None:
    (place / "images" / "a.jpg").write_bytes(b"x" * (place / "images" / "a.jpg").stat().st_size)


def lose_mask(place: Path) -> None:
    (place / "masks" / "a.png").unlink()


def lose_label(place: Path) -> None:
    (place / "labels" / "a.xml").write_bytes(b"")


@pytest.mark.parametrize("harm", [spoil_image, lose_mask, lose_label])
def test_files_that_were_harmed_are_made_again(
    done: Path, shots: Path, tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    shutil.copytree(done, tmp_path / "out")
    harm(tmp_path / "out")
    engine = Stopping(99)
    run(shots, tmp_path / "out", engine, resume=True, pairs=True)
    assert engine.done == ["a.jpg", "torn.jpg"]
    assert contents(tmp_path / "out") == contents(done)


def test_a_photo_that_changed_is_done_again(shots: Path, photos: list[Path], tmp_path: Path) -> None:
    shutil.copytree(shots, tmp_path / "in")
    with pytest.raises(Stopped):
        run(tmp_path / "in", tmp_path / "out", Stopping(2))
    small(photos[3], tmp_path / "in" / "a.jpg", 150)
    run(tmp_path / "in", tmp_path / "out", resume=True)
    run(tmp_path / "in", tmp_path / "straight")
    assert contents(tmp_path / "out") == contents(tmp_path / "straight")


def test_a_torn_last_line_and_passing_files_are_cleared(shots: Path, done: Path, tmp_path: Path) -> None:
    place = tmp_path / "out"
    with pytest.raises(Stopped):
        run(shots, place, Stopping(4), pairs=True)
    journal = (place / JOURNAL).read_bytes()
    (place / JOURNAL).write_bytes(journal[:-20])
    (place / "images" / ".masquerade-1.partial").write_bytes(b"half")
    engine = Stopping(99)
    run(shots, place, engine, resume=True, pairs=True)
    assert len(engine.done) == 5
    assert contents(place) == contents(done)


CHANGES = [
    # what decides the bytes
    ({"seed": 1}, "seed"),
    ({"pairs": False}, "pairs"),
    ({"labels": "none"}, "labels"),
    ({"effort": "photo"}, "effort"),
    ({"choice": Choice(kinds=("gas",))}, "choice"),
]


@pytest.mark.parametrize(("changes", "word"), CHANGES)
def test_other_settings_are_refused(
    done: Path, shots: Path, tmp_path: Path, changes: dict[str, object], word: str
) -> None:
    shutil.copytree(done, tmp_path / "out")
    with pytest.raises(JobDiffers, match=f"begun with another {word} "):
        run(shots, tmp_path / "out", Never(), resume=True, **{"pairs": True, **changes})


def test_other_photos_are_refused(done: Path, crowd: Path, tmp_path: Path) -> None:
    shutil.copytree(done, tmp_path / "out")
    with pytest.raises(JobDiffers, match="begun with another source "):
        run(crowd, tmp_path / "out", Never(), resume=True, pairs=True)


def test_a_manifest_of_another_version_is_not_resumed(done: Path, shots: Path, tmp_path: Path) -> None:
    shutil.copytree(done, tmp_path / "out")
    path = tmp_path / "out" / "manifest.jsonl"
    path.write_bytes(path.read_bytes().replace(b'{"manifest": 1,', b'{"manifest": 2,'))
    with pytest.raises(ManifestInvalid, match="version 2, expected 1"):
        run(shots, tmp_path / "out", resume=True, pairs=True)


def test_resume_without_a_job_begins_one(shots: Path, done: Path, tmp_path: Path) -> None:
    run(shots, tmp_path / "out", resume=True, pairs=True)
    assert contents(tmp_path / "out") == contents(done)


def test_a_full_disk(shots: Path, done: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = Path.write_bytes
    room = [9]

    def filling(path: Path, content: bytes) -> int:
        room[0] -= 1
        if room[0] < 0:
            write(path, content[:100])
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return write(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", filling)
        with pytest.raises(DestinationUnusable, match="No space left on device"):
            run(shots, tmp_path / "out", pairs=True)
    found = contents(tmp_path / "out")
    assert len(found) == 10  # nine, and the journal
    assert all(name == JOURNAL or content == contents(done)[name] for name, content in found.items())
    run(shots, tmp_path / "out", resume=True, pairs=True)
    assert contents(tmp_path / "out") == contents(done)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX limits")
def test_no_room_for_the_journal(many: Path, whole: dict[str, bytes], tmp_path: Path) -> None:
    """A process that may write no larger files: the system itself stops it in the middle of a line."""
    place, limit = tmp_path / "out", 9_000
    assert max(len(content) for name, content in whole.items() if "/" in name) < limit
    script = f"""
import resource, signal, sys
from masquerade.cli import main
if __name__ == "__main__":
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
    main()
"""
    (tmp_path / "limited.py").write_text(script)
    words = ["mask", str(many), str(place), *RECIPE, "--workers", "1"]
    done = subprocess.run(
        [sys.executable, str(tmp_path / "limited.py"), *words], capture_output=True, check=False, timeout=60
    )
    assert done.returncode == 2, done.stderr
    assert f"{place / JOURNAL} cannot be written: ".encode() in done.stderr
    assert b"[destination_unusable]" in done.stderr
    assert b"Traceback" not in done.stderr
    assert (place / JOURNAL).read_bytes().endswith(b"}\n")
    for name, content in contents(place).items():
        assert name == JOURNAL or content == whole[name]


def test_two_jobs_at_once(shots: Path, tmp_path: Path) -> None:
    pytest.importorskip("fcntl")

    class Meanwhile(Here):
        def run(self, recipe: Recipe, tasks: list[Task]) -> Generator[Done, None, None]:
            with pytest.raises(DestinationUnusable, match="another job is writing there"):
                run(shots, tmp_path / "out", Never(), resume=True)
            yield from ()
            raise Stopped

    with pytest.raises(Stopped):
        run(shots, tmp_path / "out", Meanwhile())


def test_an_error_of_ours_ends_the_job_and_keeps_what_is_done(shots: Path, tmp_path: Path) -> None:
    class Failing(Stopping):
        def run(self, recipe: Recipe, tasks: list[Task]) -> Generator[Done, None, None]:
            try:
                yield from super().run(recipe, tasks)
            except Stopped:
                raise MasqueradeError("the models are gone") from None

    with pytest.raises(MasqueradeError, match="the models are gone"):
        run(shots, tmp_path / "out", Failing(2))
    assert len(lines(tmp_path / "out" / JOURNAL)) == 3
    assert hashlib.sha256((tmp_path / "out/images/a.jpg").read_bytes()).hexdigest() in os.fsdecode(
        (tmp_path / "out" / JOURNAL).read_bytes()
    )
