"""The kiosk page in every state it can be in, without a service: for its pictures, and for tests of how it looks.

python -m tools.kiosk_stage FOLDER [--states put_on,key] [--languages en,ar] [--sizes 1024x768] [--text 100,200]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from masquerade.service.kiosk.pages import LANGUAGES, POLICY, pages

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

ADDRESS = "http://localhost/"
CHROMIUM = "/usr/bin/chromium"
FLAGS = ("--no-sandbox", "--disable-gpu", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
NO_CAMERA = "--use-fake-device-for-media-stream=device-count=0"
SIZES = ("1024x768", "768x1024", "1920x1080", "3840x2160", "360x640")


def somebody(number: int, wearing: str, *shows: str, x: float = 250) -> dict[str, Any]:
    """Give a person as a snapshot has them, in a frame of 640x480."""
    times = {"entered": 0, "since": 0, "seen": 0}
    return {"number": number, "box": [x, 130, x + 150, 330], "wearing": wearing, "shows": list(shows), **times}


BARE = somebody(1, "without_mask", "nose", "mouth", "chin")
STATES: dict[str, dict[str, Any]] = {
    "welcome": {},
    "moment": {"people": [somebody(1, "undecided")]},
    "thanks": {"people": [somebody(1, "with_mask")]},
    "put_on": {"people": [BARE]},
    "nose": {"people": [somebody(1, "incorrect", "nose")]},
    "nose_mouth": {"people": [somebody(1, "incorrect", "nose", "mouth")]},
    "mouth": {"people": [somebody(1, "incorrect", "mouth")]},
    "chin": {"people": [somebody(1, "incorrect", "chin")]},
    "adjust": {"people": [somebody(1, "incorrect")]},
    "several": {
        "title": "put_on",
        "people": [somebody(1, "with_mask", x=60), {**BARE, "number": 2, "box": [380, 150, 520, 340]}],
    },
    "start": {"allowed": False},
    "starting": {"media": "never"},
    "asking": {"media": "never", "allowed": False},
    "refused": {"media": "NotAllowedError"},
    "absent": {"media": "NotFoundError"},
    "none": {"title": "absent"},
    "occupied": {"media": "NotReadableError"},
    "insecure": {"media": "insecure"},
    "server": {"link": 1006},
    "full": {"link": 1013},
    "broken": {"error": {"code": "model_hash_mismatch", "message": "the file of yunet is not the one of its card"}},
    "key": {"status": 401},
    "source_opening": {"camera": "opening"},
    "source_stalled": {"camera": "stalled", "reason": "no frame for 3 s"},
    "source_offline": {"camera": "offline", "reason": "rtsp://door.local:554/1 does not answer"},
    "source_ended": {"camera": "ended"},
}
"""What the page is told, by the state that this leads to."""
COUNTS = {"day": "2026-11-23", "entered": 1234, "with_mask": 1180, "without_mask": 31, "incorrect": 23}
SCRIPT = """
window.stage = GIVEN;
{
  const told = () => JSON.stringify(stage.error
    ? {type: "error", error: stage.error, day: stage.day}
    : {type: "snapshot", time: performance.now() / 1000, width: 640, height: 480, people: stage.people ?? [],
       day: stage.day, camera: stage.camera && {state: stage.camera, reason: stage.reason ?? ""}});
  window.WebSocket = class {
    static OPEN = 1;
    constructor() {
      stage.socket = this;
      stage.sockets = (stage.sockets ?? 0) + 1;
      setTimeout(() => {
        if (stage.link) { this.onclose({code: stage.link}); return; }
        this.readyState = 1;
        this.onopen();
      });
    }
    send() { setTimeout(() => stage.mute || this.onmessage({data: told()}), 20); }
    close() { this.readyState = 3; this.onclose?.({code: 1000}); }
  };
  window.EventSource = class {
    constructor() {
      stage.feed = this;
      setTimeout(() => this.onopen());
      this.timer = setInterval(() => this.onmessage({data: told()}), 50);
    }
    close() { clearInterval(this.timer); }
  };
  const media = navigator.mediaDevices;
  if (media && stage.media === "insecure") Object.defineProperty(navigator, "mediaDevices", {value: undefined});
  else if (media && stage.media === "never") media.getUserMedia = () => new Promise(() => {});
  else if (media && stage.media) media.getUserMedia = async () => { throw new DOMException("as told", stage.media); };
  const query = navigator.permissions?.query.bind(navigator.permissions);
  if (query) navigator.permissions.query = async (wanted) => wanted.name === "camera"
    ? {state: stage.allowed === false ? "prompt" : "granted"} : query(wanted);
}
"""


def title_of(state: str, words: dict[str, str]) -> str:
    """Give the words with which a state is headed."""
    return words[f"{STATES[state].get('title', state)}.title"]


def words_in(language: str) -> dict[str, str]:
    """Give the page's words."""
    words: dict[str, str] = json.loads(pages()[f"lang/{language}.json"].body)
    return words


@contextmanager
def chromium(*flags: str) -> Iterator[Browser]:
    """Give Debian's browser with a test picture as its camera."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags])
        yield browser
        browser.close()


def without_camera(browser: Browser) -> Browser:
    """Launch another browser, on a machine without a camera."""
    return browser.browser_type.launch(executable_path=CHROMIUM, args=[*FLAGS, NO_CAMERA])


def show(page: Page, state: str, language: str = "en", text: str = "100", *, address: str = ADDRESS) -> None:
    """Bring a fresh page of a browser into a state, and wait until it is there.

    Args:
        page: one to which nothing was shown before.
        state: one of STATES.
        language: code of its words.
        text: size of its text in per cent.
        address: where it seems to be.
    """
    told = {"day": COUNTS, **STATES[state]}

    def answer(route: Route) -> None:
        path = urlsplit(route.request.url).path
        found = pages().get(path.removeprefix("/static/kiosk/") if path != "/" else "index.html")
        if found is not None:
            route.fulfill(body=found.body, content_type=found.kind, headers={"Content-Security-Policy": POLICY})
        elif path == "/v1/kiosk/config" and told.get("status", 200) == 200:
            camera = "server" if "camera" in told else "browser"
            setup = {"camera": camera, "languages": [], "turn": 8, "counts": True, "side": 640, "fps": 10}
            kept = camera == "server"  # which makes the line on privacy the longest
            route.fulfill(json={**setup, "max_bytes": 1_000_000, "events": kept, "alerts": kept})
        else:
            route.fulfill(status=int(told.get("status", 404)), json={})

    page.route("**/*", answer)
    page.add_init_script(SCRIPT.replace("GIVEN", json.dumps(told)))
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{address}?lang={language}&size={text}")
    if state == "asking":
        page.locator("#go").click()
    title = title_of(state, words_in(language))
    page.wait_for_function("title => document.getElementById('title').textContent === title", arg=title)


def main() -> None:
    """Write a picture of every state asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    for name, default in (("states", STATES), ("languages", LANGUAGES), ("sizes", SIZES), ("text", ("100",))):
        parser.add_argument(f"--{name}", default=",".join(default))
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        bare = without_camera(browser)
        for size in given.sizes.split(","):
            width, height = map(int, size.split("x"))
            for language in given.languages.split(","):
                for text in given.text.split(","):
                    for state in given.states.split(","):
                        shown_by = bare if state == "none" else browser
                        page = shown_by.new_page(viewport={"width": width, "height": height})
                        show(page, state, language, text)
                        page.screenshot(path=given.folder / f"{state}-{language}-{size}-{text}.png")
                        page.close()


if __name__ == "__main__":
    main()
