"""Real films before the browser's camera, real models behind the page: thanks, then the reminder."""

from __future__ import annotations

import io
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

pytest.importorskip("fastapi", reason="needs the [serve] extra")

from masquerade.faces import find_faces
from masquerade.image import Pixels, read_image
from masquerade.masks import MaskPlan, Plan, apply
from masquerade.service import ServiceConfig, create_app
from tests.service.kiosk.made_kiosk import PATIENCE, Door, chromium, visiting

RATE = 30
"""Pictures a second at which Chromium plays an MJPEG file, again and again."""
RECORD = """
window.titles = [];
addEventListener("DOMContentLoaded", () => {
  const title = document.getElementById("title");
  new MutationObserver(() => titles.push(title.textContent)).observe(title, {childList: true, characterData: true});
});
"""
THANKS = "Thank you!"
REMINDERS = (
    "Please put on a mask",
    "Please cover your nose",
    "Please cover your nose and mouth",
    "Please adjust your mask",
)


def film(target: Path, pictures: Iterable[tuple[Pixels, float]]) -> Path:
    """JPEGs behind each other, each shown for so many seconds."""
    with target.open("wb") as stream:
        for picture, seconds in pictures:
            data = io.BytesIO()
            Image.fromarray(picture).save(data, "JPEG", quality=92)
            stream.write(data.getvalue() * max(1, round(seconds * RATE)))
    return target


def messages(film: Path) -> list[str]:
    """What the page says to one who does as the film shows, until thanks were followed by a reminder."""
    door = Door(lambda: create_app(ServiceConfig(workers=1, rate=0)))
    try:
        with chromium(f"--use-file-for-fake-video-capture={film}") as browser, visiting(browser, door) as visit:
            visit.page.add_init_script(RECORD)
            page = visit.open()
            page.wait_for_function(
                """([thanks, reminders]) => {
                  const told = titles.filter(title => title === thanks || reminders.includes(title));
                  return told.some((title, i) => title === thanks && reminders.includes(told[i + 1]));
                }""",
                arg=[THANKS, REMINDERS],
                timeout=3000 * PATIENCE,
            )
            visit.check()
            titles: list[str] = page.evaluate("titles")
            return titles
    finally:
        door.stop()


def told(titles: list[str]) -> list[str]:
    """Thanks and reminders in order, without what was said between them."""
    return [title for title in titles if title == THANKS or title in REMINDERS]


def test_a_mask_and_then_none(samples: Path, tmp_path: Path) -> None:
    """A public-domain portrait, with a mask drawn on it and without."""
    photo = read_image(samples / "impostor_1.jpg")
    scale = 480 / photo.shape[0]
    small = np.asarray(cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    masked = apply(small, find_faces(small), Plan((MaskPlan(0, kind="surgical", colour="#9cc7e2"),))).image
    room = np.full((480, 640, 3), 200, np.uint8)

    def standing(person: Pixels) -> Pixels:
        scene = room.copy()
        left = (640 - person.shape[1]) // 2
        scene[:, left : left + person.shape[1]] = person
        return scene

    titles = told(messages(film(tmp_path / "door.mjpeg", [(standing(masked), 6), (standing(small), 6), (room, 4)])))
    assert ("Please put on a mask") in titles
    assert (THANKS, "Please put on a mask") in list(pairwise(titles))


@pytest.mark.data
def test_a_mask_that_is_pulled_down(data_root: Path, tmp_path: Path) -> None:
    """A private person: the film stays in this test's folder and goes with it."""
    reading = cv2.VideoCapture(str(data_root / "videos" / "mask_on_then_chin.avi"))
    pictures: list[Pixels] = []
    while True:
        there, picture = reading.read()
        if not there:
            break
        pictures.append(np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8))
    reading.release()
    made = film(tmp_path / "door.mjpeg", ((picture, 1 / 15) for picture in pictures))
    try:
        titles = told(messages(made))
    finally:
        made.unlink()
    assert titles[0] == THANKS
    assert titles[1] in REMINDERS
