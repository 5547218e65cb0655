"""A folder that fills."""

from __future__ import annotations

import io
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from PIL import Image

from masquerade.image import Limits
from masquerade.live.sources import open_source
from masquerade.live.sources.reader.folder import POLL, Folder
from tests.live.sources.looking_on import Watcher, number_of, numbered


def picture_bytes(number: int, kind: str = "JPEG") -> bytes:
    stream = io.BytesIO()
    Image.fromarray(numbered(number)).save(stream, kind)
    return stream.getvalue()


def test_pictures_come_in_order_of_arrival(tmp_path: Path) -> None:
    for number in (200, 201):
        (tmp_path / f"{number}.jpg").write_bytes(picture_bytes(number))
    with open_source(tmp_path) as source:
        watcher = Watcher(source)
        watcher.until_state("online")
        assert "2 pictures" in watcher.changes[-1].reason
        (tmp_path / "z.jpg").write_bytes(picture_bytes(1))
        watcher.until_frames(1)
        (tmp_path / "b.png").write_bytes(picture_bytes(2, "PNG"))
        (tmp_path / "day").mkdir()
        watcher.until_frames(1)
        (tmp_path / "day" / "a.jpg").write_bytes(picture_bytes(3))
        (tmp_path / ".hidden.jpg").write_bytes(picture_bytes(99))
        (tmp_path / "notes.txt").write_text("no picture")
        watcher.until_frames(1)
        (tmp_path / "z.jpg").write_bytes(picture_bytes(4))  # written anew
        watcher.until_frames(1)
        watcher.step(0.6)
    assert [number_of(frame.image) for frame in watcher.frames] == [1, 2, 3, 4]
    assert (source.skipped, source.damaged) == (0, 0)
    assert watcher.states == ["opening", "online"]


def test_all_are_given_to_a_slow_taker(tmp_path: Path) -> None:
    for number in range(8):
        path = tmp_path / f"{9 - number}.jpg"
        path.write_bytes(picture_bytes(number))
        os.utime(path, (1e9 + number, 1e9 + number))
    with open_source(tmp_path, existing=True) as source:
        watcher = Watcher(source)
        while len(watcher.frames) < 8:
            watcher.until_frames(1)
            time.sleep(0.02)
    assert [number_of(frame.image) for frame in watcher.frames] == list(range(8))


def test_half_written_files_are_waited_for_and_damaged_ones_named(tmp_path: Path) -> None:
    with open_source(tmp_path) as source:
        watcher = Watcher(source)
        watcher.until_state("online")
        content = picture_bytes(5)
        (tmp_path / "bad.jpg").write_bytes(content[: len(content) // 2])  # stays so
        with (tmp_path / "slow.jpg").open("wb") as file:
            for part in range(0, len(content), len(content) // 3):
                file.write(content[part : part + len(content) // 3])
                file.flush()
                watcher.step(0.5)
        (tmp_path / "good.jpg").write_bytes(picture_bytes(6))
        watcher.until_frames(2 - len(watcher.frames))
        watcher.until(lambda: source.damaged, "the damage")
    assert sorted(number_of(frame.image) for frame in watcher.frames) == [5, 6]
    assert source.damaged == 1
    assert "bad.jpg" in source.problem


def test_a_folder_that_goes_and_comes_back(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    with open_source(folder) as source:
        watcher = Watcher(source)
        watcher.until_state("online")
        shutil.rmtree(folder)
        watcher.until_state("offline")
        assert "gone" in watcher.changes[-1].reason
        folder.mkdir()
        watcher.until_state("online")
        (folder / "new.jpg").write_bytes(picture_bytes(7))
        assert number_of(watcher.until_frames(1)[0].image) == 7


def test_a_full_folder_is_not_listed_for_each_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(200):
        path = tmp_path / f"{number:03d}.jpg"
        path.write_bytes(picture_bytes(number))
        os.utime(path, (1e9 + number, 1e9 + number))
    listings = []
    listed = Folder._list

    def counted(folder: Folder) -> Iterator[tuple[str, tuple[int, int]]]:
        listings.append(folder)
        return listed(folder)

    monkeypatch.setattr(Folder, "_list", counted)
    folder = Folder(str(tmp_path), Limits(2**20, 10**6), existing=True, stop=Event(), damaged=pytest.fail)
    begun = time.monotonic()
    seen: list[int] = []
    while len(seen) < 200:
        assert folder.grab()
        picture = folder.decode()
        assert picture is not None
        seen.append(number_of(picture))
    assert seen == list(range(200))
    assert len(listings) <= 2 + (time.monotonic() - begun) / POLL
