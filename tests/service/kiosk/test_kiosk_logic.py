"""What the page's scripts decide without a clock and without a page, asked in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from masquerade.service.kiosk.pages import STATIC
from tests.service.kiosk.made_kiosk import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Page


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_arguments: Any) -> None:
        return


@pytest.fixture(scope="module")
def scripts() -> Iterator[Page]:
    """A page from which the scripts can be imported; no service stands behind it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(STATIC)))
    Thread(target=server.serve_forever, daemon=True).start()
    with chromium() as browser:
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/icon.svg")
        yield page
    server.shutdown()
    server.server_close()


def run(page: Page, module: str, body: str, argument: Any = None) -> Any:
    return page.evaluate(f"async (given) => {{ const m = await import('/js/{module}.js'); {body} }}", argument)


def people(*told: str) -> list[dict[str, Any]]:
    """``incorrect:nose,mouth`` and the like."""
    made = []
    for number, text in enumerate(told, 1):
        wearing, _, shows = text.partition(":")
        made.append({"number": number, "wearing": wearing, "shows": shows.split(",") if shows else [], "since": 0})
    return made


VIEW = {
    "camera": "on",
    "link": "on",
    "source": {"state": "online", "reason": ""},
    "people": [],
    "busy": False,
    "broken": "",
}


@pytest.mark.parametrize(
    ("told", "key", "tone"),
    [
        ([], "welcome", "calm"),
        (["undecided"], "moment", "calm"),
        (["with_mask"], "thanks", "thanks"),
        (["without_mask:nose,mouth,chin"], "put_on", "remind"),
        (["incorrect:nose"], "nose", "remind"),
        (["incorrect:nose,mouth"], "nose_mouth", "remind"),
        (["incorrect:nose,mouth,chin"], "nose_mouth", "remind"),  # the mask hangs on the throat
        (["incorrect:mouth"], "mouth", "remind"),
        (["incorrect:chin"], "chin", "remind"),
        (["incorrect:nose,chin"], "adjust", "remind"),
        (["incorrect"], "adjust", "remind"),
        # several people: the one who needs reminding most decides
        (["with_mask", "with_mask"], "thanks", "thanks"),
        (["with_mask", "undecided"], "moment", "calm"),
        (["with_mask", "incorrect:nose"], "nose", "remind"),
        (["incorrect:nose", "incorrect:nose,mouth"], "nose_mouth", "remind"),
        (["incorrect:nose,mouth", "without_mask", "with_mask"], "put_on", "remind"),
    ],
)
def test_messages_about_people(scripts: Page, told: list[str], key: str, tone: str) -> None:
    said = run(scripts, "messages", "return m.messageFor(given)", {**VIEW, "people": people(*told)})
    assert (said["key"], said["tone"]) == (key, tone)
    assert bool(said.get("several")) == (len(told) > 1 and tone == "remind")


@pytest.mark.parametrize(
    ("known", "key"),
    [
        ({"link": "key", "camera": "start"}, "key"),
        ({"camera": "start", "link": "connecting"}, "start"),
        ({"camera": "start", "link": "lost"}, "server"),
        ({"camera": "refused"}, "refused"),
        ({"camera": "absent"}, "absent"),
        ({"camera": "occupied"}, "occupied"),
        ({"camera": "insecure"}, "insecure"),
        ({"camera": "lost"}, "lost"),
        ({"link": "full"}, "full"),
        ({"link": "lost", "camera": "lost"}, "server"),
        ({"link": "lost", "camera": "refused"}, "refused"),  # the service ends a link on which nothing comes
        ({"link": "connecting"}, "moment"),
        ({"busy": True}, "moment"),
        ({"broken": "a model is damaged"}, "broken"),
        ({"source": {"state": "opening", "reason": ""}}, "source_opening"),
        ({"source": {"state": "stalled", "reason": "no frame for 3 s"}}, "source_stalled"),
        ({"source": {"state": "offline", "reason": "refused"}}, "source_offline"),
        ({"source": {"state": "ended", "reason": ""}}, "source_ended"),
    ],
)
def test_troubles_go_before_people(scripts: Page, known: dict[str, Any], key: str) -> None:
    said = run(scripts, "messages", "return m.messageFor(given)", {**VIEW, "people": people("with_mask"), **known})
    assert said["key"] == key


STEADY = """
let now = 0;
const steady = new m.Steady(() => now);
const tones = {welcome: "calm", moment: "calm", thanks: "thanks", put_on: "remind", nose: "remind", server: "trouble"};
return given.map(([time, key]) => { now = time; return steady.take({key, tone: tones[key]}).key; });
"""


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        # thanks stay long enough to be read when somebody walks on
        ([(0, "welcome"), (100, "thanks"), (400, "welcome"), (1800, "welcome"), (2000, "welcome")],
         ["welcome", "thanks", "thanks", "thanks", "welcome"]),
        # the next one comes before the last one's thanks are read
        ([(0, "thanks"), (500, "moment"), (1200, "moment"), (1400, "moment")],
         ["thanks", "thanks", "thanks", "moment"]),
        # a reminder waits for nothing, nor does trouble
        ([(0, "thanks"), (10, "put_on"), (20, "server")], ["thanks", "put_on", "server"]),
        # a doubtful moment changes nothing
        ([(0, "put_on"), (100, "nose"), (200, "put_on"), (900, "put_on")], ["put_on"] * 4),
        ([(0, "put_on"), (1600, "nose"), (1950, "nose")], ["put_on", "put_on", "nose"]),
        # a reminder can be read before another takes its place, and what wavers faster than that does not flicker
        ([(0, "put_on"), (100, "nose"), (450, "nose"), (1600, "nose")], ["put_on"] * 3 + ["nose"]),
        ([(0, "put_on"), *((200 * n, ("nose", "put_on")[n % 2]) for n in range(1, 20))], ["put_on"] * 20),
        # but thanks come at once
        ([(0, "put_on"), (100, "thanks"), (450, "thanks")], ["put_on", "put_on", "thanks"]),
    ],
)  # fmt: skip
def test_a_message_stays_until_it_can_be_read(scripts: Page, wanted: list[Any], shown: list[str]) -> None:
    assert run(scripts, "messages", STEADY, wanted) == shown


EPISODES = """
const episodes = new m.Episodes(2);
return given.map(([time, people]) => episodes.update(time, people));
"""


def seen(*told: tuple[int, str, float]) -> list[dict[str, Any]]:
    return [{"number": number, "wearing": wearing, "shows": [], "since": since} for number, wearing, since in told]


@pytest.mark.parametrize(
    ("told", "sounds"),
    [
        # one chime for one who wears the mask, whatever the number of frames
        ([(0, seen((1, "undecided", 0))), (1, seen((1, "with_mask", 1))), (2, seen((1, "with_mask", 1)))],
         [None, "thanks", None]),
        # one reminder an episode: right for a moment does not end it, right for two seconds does
        ([(0, seen((1, "without_mask", 0))), (1, seen((1, "with_mask", 1))), (2, seen((1, "incorrect", 2))),
          (3, seen((1, "with_mask", 3))), (5, seen((1, "with_mask", 3))), (6, seen((1, "without_mask", 6)))],
         ["remind", None, None, None, "thanks", "remind"]),
        # somebody new is reminded anew; nobody is thanked while another is reminded
        ([(0, seen((1, "without_mask", 0))), (1, seen((1, "without_mask", 0), (2, "incorrect", 1))),
          (2, seen((1, "without_mask", 0), (3, "with_mask", 2))), (3, []), (4, seen((4, "without_mask", 4)))],
         ["remind", "remind", None, None, "remind"]),
    ],
)  # fmt: skip
def test_one_chime_an_episode(scripts: Page, told: list[Any], sounds: list[str | None]) -> None:
    assert run(scripts, "messages", EPISODES, told) == sounds


def test_waits_double_to_half_a_minute_and_begin_anew(scripts: Page) -> None:
    body = "const b = new m.Backoff(500, 30000, () => given); const w = [...Array(8)].map(() => b.next()); b.reset();"
    longest = run(scripts, "backoff", body + "return [...w, b.next()]", 1)
    assert longest == [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 500]
    assert run(scripts, "backoff", body + "return w", 0) == [0.75 * wait for wait in longest[:-1]]


@pytest.mark.parametrize(
    ("asked", "known"),
    [("de-AT,EN", ["de", "en"]), (["tlh", "zh-Hant-TW", "zh"], ["zh"]), ("", []), (" fr , fr", ["fr"])],
)
def test_languages_that_are_known(scripts: Page, asked: Any, known: list[str]) -> None:
    assert run(scripts, "languages", "return m.known(given)", asked) == known
