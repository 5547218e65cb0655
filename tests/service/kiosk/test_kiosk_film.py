"""Real films before the browser's camera, real models behind the page: thanks, then the reminder."""

from __future__ import annotations

import io
from collections.abc import Iterable
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
window.lines = [];
addEventListener("DOMContentLoaded", () => {
  for (const [id, told] of [["title", titles], ["line", lines]]) {
    const part = document.getElementById(id);
    new MutationObserver(() => told.push(part.textContent)).observe(part, {childList: true, characterData: true});
  }
});
"""
THANKS = "Thank you!"
REMINDED = """([thanks, reminders]) => {
  const told = titles.filter(title => title === thanks || reminders.includes(title));
  return told.some((title, i) => title === thanks && reminders.includes(told[i + 1]));
}"""
GONE_AGAIN = """([thanks, reminders]) => {
  const told = titles.slice(titles.indexOf(thanks));
  const reminded = told.findIndex(title => reminders.includes(title));
  return titles.includes(thanks) && reminded > 0 && told.indexOf("Welcome", reminded) > 0;
}"""
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


def messages(film: Path, until: str = REMINDED) -> tuple[list[str], list[str]]:
    """What the page says to those who do as the film shows, by default until thanks were followed by a reminder."""
    door = Door(lambda: create_app(ServiceConfig(workers=1, rate=0)))
    try:
        with chromium(f"--use-file-for-fake-video-capture={film}") as browser, visiting(browser, door) as visit:
            visit.page.add_init_script(RECORD)
            page = visit.open()
            page.wait_for_function(until, arg=[THANKS, REMINDERS], timeout=3000 * PATIENCE)
            visit.check()
            return page.evaluate("titles"), page.evaluate("lines")
    finally:
        door.stop()


def told(titles: list[str]) -> list[str]:
    """Thanks and reminders in order, without what was said between them."""
    return [title for title in titles if title == THANKS or title in REMINDERS]


def test_one_with_a_mask_and_then_another_without(samples: Path, tmp_path: Path) -> None:
    """Public-domain portraits, one with a mask drawn on it: the message is for the one who needs it, and stays."""
    room = np.full((480, 640, 3), 200, np.uint8)

    def portrait(name: str) -> Pixels:
        photo = read_image(samples / name)
        scale = 380 / photo.shape[0]
        return np.asarray(cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)[:, :310]

    def standing(scene: Pixels, person: Pixels, left: int) -> Pixels:
        made = scene.copy()
        made[100:, left : left + person.shape[1]] = person
        return made

    one, other = portrait("impostor_1.jpg"), portrait("person_b_2.jpg")
    masked = apply(one, find_faces(one), Plan((MaskPlan(0, kind="surgical", colour="#9cc7e2"),))).image
    alone = standing(room, masked, 10)
    both = standing(alone, other, 330)
    titles, lines = messages(film(tmp_path / "door.mjpeg", [(alone, 3), (both, 4), (room, 3)]), GONE_AGAIN)
    first = titles.index(THANKS)
    reminded = next(i for i, title in enumerate(titles) if i > first and title in REMINDERS)
    assert titles[reminded] == "Please put on a mask"
    assert THANKS not in titles[first + 1 : reminded]
    assert titles[reminded + 1] == "Welcome"  # until both have left it was for the one without
    assert "Everyone, please cover nose, mouth and chin." in lines


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
        titles = told(messages(made)[0])
    finally:
        made.unlink()
    assert titles[0] == THANKS
    assert titles[1] in REMINDERS
