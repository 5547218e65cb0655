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
        ({"camera": "asking"}, "asking"),
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
        ({"stale": True}, "moment"),
        ({"stale": True, "source": {"state": "offline", "reason": "refused"}}, "source_offline"),
        ({"broken": "a model is damaged"}, "thanks"),  # it may be a moment's matter
        ({"broken": "a model is damaged", "stale": True}, "broken"),
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


PERMISSION = """
const permission = {state: "prompt"};
let asked = 0;
const query = navigator.permissions.query;
navigator.permissions.query = async () => { asked += 1; return permission; };
const camera = new m.Camera({}, () => {});
let opened = 0;
camera.open = () => { opened += 1; camera.say("starting"); };
const turns = () => new Promise((done) => setTimeout(done));
for (const _ of [1, 2]) { camera.fail("refused"); await turns(); }
permission.onchange();
permission.state = "granted";
for (const _ of [1, 2]) permission.onchange();
navigator.permissions.query = query;
return [asked, opened];
"""


def test_a_camera_that_is_allowed_after_all_is_opened_once(scripts: Page) -> None:
    assert run(scripts, "camera", PERMISSION) == [1, 1]


AUDIENCE = """
const audience = new m.Audience(0.4, 0.3);
return given.map((heights) => audience.take(heights.map((height, n) => ({number: n + 1, box: [0, 10, 1, 10 + height]})))
  .map((person) => person.number));
"""


@pytest.mark.parametrize(
    ("heights", "addressed"),
    [
        ([[100, 90, 41]], [[1, 2, 3]]),
        ([[100, 39]], [[1]]),  # far behind
        ([[], [20]], [[], [1]]),  # far, but nobody is nearer
        # whoever is spoken to is not left out for a step back, nor taken in for one forward
        ([[100, 41], [100, 35], [100, 29], [100, 35]], [[1, 2], [1, 2], [1], [1]]),
    ],
)
def test_those_far_behind_are_not_spoken_to(scripts: Page, heights: list[Any], addressed: list[Any]) -> None:
    assert run(scripts, "messages", AUDIENCE, heights) == addressed


@pytest.mark.parametrize(
    ("told", "sign"),
    [
        ("with_mask", "thanks"),
        ("without_mask", "put_on"),
        ("undecided", "moment"),
        ("incorrect:chin", "chin"),
        ("incorrect:nose", "nose"),
        ("incorrect:mouth", "nose_mouth"),
    ],
)
def test_each_face_has_the_sign_of_what_it_needs(scripts: Page, told: str, sign: str) -> None:
    assert run(scripts, "messages", "return m.signOf(given)", people(told)[0]) == sign


FRESH = """
let [now, date] = [0, 1e12];
const fresh = new m.Freshness(3000, () => now, () => date);
return given.map(([what, passed, slept]) => {
  now += passed;
  date += passed + slept;
  if (what === "mark") fresh.mark();
  return what === "mark" ? null : what === "slept" ? fresh.slept() : fresh.stale;
});
"""


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ([("stale", 0, 0), ("mark", 0, 0), ("stale", 3000, 0), ("stale", 1, 0)], [True, None, False, True]),
        # timers stand still while a machine sleeps, the day's clock does not
        ([("slept", 250, 0), ("slept", 250, 3600000), ("slept", 250, 0)], [False, True, False]),
        # a clock that is put right by some seconds, or back, is no sleep
        ([("slept", 250, 5000), ("slept", 250, -3600000), ("slept", 250, 0)], [False, False, False]),
    ],
)
def test_what_is_known_does_not_hold_for_long(scripts: Page, steps: list[Any], told: list[Any]) -> None:
    assert run(scripts, "freshness", FRESH, steps) == told


ANNOUNCED = """
let now = 0;
const heard = [];
const region = (name) => ({set textContent(_) {}, replaceChildren(...parts) {
  heard.push([name, ...parts.map((part) => `${part.lang}:${part.textContent}`)]);
}});
const announcer = new m.Announcer(region("polite"), region("urgent"), 0, () => now);
const tones = {welcome: "calm", moment: "calm", thanks: "thanks", put_on: "remind", source_offline: "trouble"};
for (const [time, key, again] of given) {
  now = time;
  announcer.take({key, tone: tones[key]}, () => [[key, "de"], [tones[key] === "trouble" ? "reason" : "", "en"]], again);
  await new Promise((done) => setTimeout(done, 5));
}
return heard;
"""


@pytest.mark.parametrize(
    ("taken", "heard"),
    [
        # nothing is said twice, and nothing while nothing is to be done
        ([(0, "welcome", False), (1, "welcome", False), (2, "moment", False), (9, "put_on", False),
          (10, "put_on", False)],
         [["polite", "de:welcome"], ["urgent", "de:put_on"]]),
        ([(0, "thanks", False), (1, "welcome", False)], [["polite", "de:thanks"]]),
        # what wavers is not told again, but to somebody else it is, and after a while
        ([(0, "put_on", True), (900, "moment", False), (1800, "put_on", False), (2000, "put_on", True),
          (3000, "moment", False), (13000, "put_on", False)],
         [["urgent", "de:put_on"]] * 3),
        # what the service says is in English
        ([(0, "source_offline", False)], [["urgent", "de:source_offline", "en: reason"]]),
    ],
)  # fmt: skip
def test_what_a_screen_reader_is_told(scripts: Page, taken: list[Any], heard: list[Any]) -> None:
    assert run(scripts, "announcer", ANNOUNCED, taken) == heard
