"""The page in a real browser, before a service whose observer says what a test wants."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("fastapi", reason="needs the [serve] extra")

from masquerade.errors import Busy, ModelHashMismatch
from masquerade.live import Event
from masquerade.service import ServiceConfig, create_app
from masquerade.service.access.guard import Access
from masquerade.service.access.keys import KeyFile
from masquerade.service.access.rates import Rates
from masquerade.service.access.sessions import Sessions
from masquerade.service.kiosk import Kiosk, KioskConfig
from masquerade.service.kiosk.pages import LANGUAGES
from tests.service.kiosk.made_kiosk import Door, Stage, Visit, chromium, person, says, visiting, wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page

HEARD = """
window.sounds = []; window.told = []; window.locks = 0;
window.OscillatorNode = class extends OscillatorNode {
  constructor(context, options) { super(context, options); window.sounds.push(Math.round(options.frequency)); }
};
if (navigator.wakeLock) {
  const request = navigator.wakeLock.request.bind(navigator.wakeLock);
  navigator.wakeLock.request = (kind) => { window.locks += 1; return request(kind); };
}
addEventListener("DOMContentLoaded", () => {
  for (const id of ["polite", "urgent"]) {
    new MutationObserver(() => {
      const text = document.getElementById(id).textContent;
      if (text) window.told.push(`${id}: ${text}`);
    }).observe(document.getElementById(id), {childList: true, characterData: true, subtree: true});
  }
});
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    door = Door(make)
    yield door
    door.stop()


def make() -> Any:
    return create_app(ServiceConfig(workers=1, rate=0))


@pytest.fixture
def stage(door: Door) -> Stage:
    return staged(door)


def staged(door: Door, **config: Any) -> Stage:
    stage = Stage()
    door.app.state.kiosk = Kiosk(KioskConfig(**config), stage.observer)
    return stage


@pytest.fixture
def visit(browser: Browser, door: Door, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """A window whose camera is allowed; at its end nothing was asked of another host, and nothing was complained of."""
    with visiting(browser, door, **getattr(request, "param", {})) as visit:
        visit.page.add_init_script(HEARD)
        yield visit
        visit.check()


def tone(page: Page) -> str | None:
    return page.locator("html").get_attribute("data-tone")


def test_messages_sounds_and_words_for_screen_readers(visit: Visit, stage: Stage) -> None:
    page = visit.open()
    says(page, "Welcome")
    page.locator("#sound").click()  # a browser lets a page sound when it was touched
    page.wait_for_function("() => sounds.length > 0 && told.length > 0")
    page.evaluate("sounds.length = 0; told.length = 0; undefined")
    stage.people = (person(1, "undecided"),)
    says(page, "One moment, please")
    stage.people = (person(1, "with_mask"),)
    says(page, "Thank you!")
    assert tone(page) == "thanks"
    page.wait_for_function("words => told.at(-1)?.includes(words)", arg="Thank you")
    stage.people = (person(1, "without_mask", "nose", "mouth", "chin"),)
    says(page, "Please put on a mask")
    assert tone(page) == "remind"
    page.wait_for_function("words => told.at(-1)?.includes(words)", arg="put on")
    stage.people = (person(1, "incorrect", "nose"),)
    says(page, "Please cover your nose")
    page.wait_for_function("words => told.at(-1)?.includes(words)", arg="your nose")
    stage.people = (person(1, "incorrect", "nose"), person(2, "with_mask", at=400))
    page.wait_for_function("() => document.getElementById('line').textContent.startsWith('Everyone')")
    stage.people = ()
    says(page, "Welcome")
    page.wait_for_timeout(700)
    assert page.evaluate("told") == [
        "polite: Thank you! Your mask is worn correctly.",
        "urgent: Please put on a mask It should cover nose, mouth and chin.",
        "urgent: Please cover your nose Pull the mask up over your nose.",
    ]
    # thanks once, a reminder once: the mask that slips is the same episode
    assert page.evaluate("sounds") == [523, 1047, 784, 1568, 587, 1175, 440, 880, 440, 880]


def test_the_mirror_shows_frames_on_the_side_where_the_visitor_is(visit: Visit, stage: Stage) -> None:
    stage.people = (person(1, "with_mask", at=0), person(2, "incorrect", "nose", at=500))
    page = visit.open()
    page.wait_for_selector(".frames .wrong")
    outline = page.evaluate("[...document.querySelectorAll('.frames .outline')].map(r => +r.getAttribute('x'))")
    ((width, _),) = stage.sizes
    assert outline == [width - 140, width - 640]
    assert page.evaluate("getComputedStyle(document.getElementById('video')).transform") == "matrix(-1, 0, 0, 1, 0, 0)"
    dashes = "s => getComputedStyle(document.querySelector(s)).strokeDasharray"
    assert page.evaluate(dashes, ".frames .wrong .outline") != page.evaluate(dashes, ".frames .with_mask .outline")
    assert max(width, *stage.sizes.pop()) <= 640
    page.locator("#show-picture").click()
    assert page.locator("#video").is_hidden()
    stage.frames = 0
    wait_for(lambda: stage.frames > 1)  # it goes on to look
    assert page.evaluate("document.querySelectorAll('#frames > g').length") == 2


def test_a_frame_is_sent_when_the_one_before_was_answered(visit: Visit, stage: Stage) -> None:
    visit.page.add_init_script("""
      window.waiting = 0; window.most = 0; window.sent = 0;
      window.WebSocket = class extends WebSocket {
        constructor(url) { super(url); this.addEventListener("message", () => { window.waiting -= 1; }); }
        send(data) {
          window.sent += 1;
          window.waiting += 1;
          window.most = Math.max(window.most, window.waiting);
          super.send(data);
        }
      };
    """)
    page = visit.open()
    page.wait_for_function("() => sent > 8")
    assert page.evaluate("most") == 1


@pytest.mark.parametrize("visit", [{"camera": False}], indirect=True)
def test_a_camera_that_is_refused_and_allowed_later(visit: Visit, stage: Stage) -> None:
    page = visit.open()
    page.get_by_role("button", name="Start", exact=True).click()
    says(page, "The camera is not allowed")
    assert stage.frames == 0
    visit.context.grant_permissions(["camera"])
    page.evaluate("document.getElementById('go').click()")  # unless it has noticed by itself
    says(page, "Welcome")
    wait_for(lambda: stage.frames)


def test_a_camera_that_cannot_be_had_yet(visit: Visit, stage: Stage) -> None:
    visit.page.add_init_script("""
      const media = navigator.mediaDevices, real = media.getUserMedia.bind(media);
      media.getUserMedia = async (wanted) => {
        if (window.there) return real(wanted);
        throw new DOMException('', window.why ?? 'NotFoundError');
      };
    """)
    page = visit.open()
    says(page, "No camera was found")
    page.evaluate("window.why = 'NotReadableError'")
    says(page, "The camera is in use")  # it tries again by itself
    page.evaluate("window.there = true; navigator.mediaDevices.dispatchEvent(new Event('devicechange')); undefined")
    says(page, "Welcome")


def test_a_camera_that_is_lost_comes_back(visit: Visit, stage: Stage) -> None:
    stage.people = (person(1, "with_mask"),)
    page = visit.open()
    says(page, "Thank you!")
    page.evaluate("""() => {
      const media = navigator.mediaDevices, real = media.getUserMedia.bind(media);
      media.getUserMedia = async (wanted) => {
        if (window.there) return real(wanted);
        throw new DOMException('', 'NotFoundError');
      };
      document.getElementById('video').srcObject.getTracks()[0].dispatchEvent(new Event('ended'));
    }""")
    page.wait_for_function(
        "['The camera was disconnected', 'No camera was found'].includes(document.getElementById('title').textContent)"
    )
    page.evaluate("window.there = true; undefined")
    says(page, "Thank you!")


def test_nobody_reads_what_was_meant_for_one_who_left(visit: Visit, door: Door, stage: Stage) -> None:
    stage.people = (person(1, "without_mask"),)
    page = visit.open()
    says(page, "Please put on a mask")
    stage.people, stage.error = (), Busy("too much to do")
    says(page, "One moment, please")
    assert not page.locator(".frames .wrong").is_visible()
    stage.error = ModelHashMismatch("yunet was changed")
    says(page, "The service has a problem")
    assert page.locator("#detail").text_content() == "yunet was changed"
    stage.error = None
    says(page, "Welcome")
    stage.people = (person(2, "incorrect", "chin"),)
    door.cut()
    says(page, "Please cover your chin")
    wait_for(lambda: len([url for url in visit.requests if url.startswith("ws")]) == 2)


GONE = ["The camera was disconnected", "No camera was found"]


def test_a_service_that_ends_is_missed_and_found_again(browser: Browser) -> None:
    first = Door(make)
    port = first.port
    with visiting(browser, first) as visit:
        staged(first).people = (person(1, "with_mask"),)
        page = visit.open("?lang=de")
        says(page, "Vielen Dank!")
        first.stop()
        says(page, "Keine Verbindung")
        assert tone(page) == "trouble"
        assert not page.locator(".frames .with_mask").is_visible()
        second = Door(make, port)
        staged(second).people = (person(1, "without_mask"),)
        says(page, "Bitte setzen Sie eine Maske auf")
        assert set(visit.origins) == {f"http://localhost:{port}", f"ws://localhost:{port}"}
    second.stop()


def test_keyboard_alone(browser: Browser, door: Door, stage: Stage) -> None:
    with visiting(browser, door, camera=False) as visit:
        page = visit.open()
        focused = "document.activeElement.id"
        outlined = "getComputedStyle(document.activeElement).outlineStyle"
        says(page, "Welcome")
        page.wait_for_selector("#go:visible")
        reached = []
        for _ in range(8):
            page.keyboard.press("Tab")
            reached.append(page.evaluate(focused))
            assert page.evaluate(outlined) == "solid", reached
            if reached[-1] == "full":
                break
        assert reached == ["go", "language", "sound", "size", "show-counts", "show-picture", "full"]
        page.locator("#language").focus()
        page.keyboard.type("Fr")
        says(page, "Bienvenue")
        page.keyboard.press("Tab")
        for control, name in (("sound", "Son"), ("size", "Texte plus grand"), ("show-counts", "Chiffres")):
            before = page.locator(f"#{control}").get_attribute("aria-pressed")
            page.keyboard.press("Enter" if control == "size" else "Space")
            page.wait_for_function(
                "([id, was]) => document.getElementById(id).getAttribute('aria-pressed') !== was", arg=[control, before]
            )
            assert page.get_by_role("button", name=name).get_attribute("id") == control
            page.keyboard.press("Tab")
        assert page.locator("#counts").is_hidden()
        assert page.locator("html").get_attribute("data-size") == "150"
        visit.context.grant_permissions(["camera"])
        page.keyboard.press("Shift+Tab")
        for _ in range(4):
            page.keyboard.press("Shift+Tab")
        assert page.evaluate(focused) == "go"
        page.keyboard.press("Enter")
        wait_for(lambda: stage.frames)
        page.reload()  # what was chosen is remembered, here and nowhere else
        says(page, "Bienvenue")
        assert page.locator("#sound").get_attribute("aria-pressed") == "false"
        assert visit.context.cookies() == []
        visit.check()


def test_what_a_screen_reader_finds(visit: Visit, door: Door, stage: Stage) -> None:
    stage.people = (person(1, "without_mask"),)
    wearings = ["with_mask"] * 1200 + ["without_mask"] * 30 + ["incorrect"] * 4
    door.app.state.kiosk.day.follow().update(Event(0.0, "entered", n, wearing) for n, wearing in enumerate(wearings))
    page = visit.open()
    says(page, "Please put on a mask")
    page.wait_for_function("() => document.querySelector('[data-count=entered]').textContent === '1,234'")
    tree = page.locator("body").aria_snapshot()
    for line in (
        '- heading "Please put on a mask" [level=1]',
        '- region "Today"',
        '- combobox "Language"',
        '- button "Larger text"',
        '- button "Counts" [pressed]',
        '- button "Picture" [pressed]',
        '- button "Full screen"',
    ):
        assert line in tree, tree
    assert re.search(r"term: people\s+- definition: 1,234|- definition: 1,234", tree)
    assert "Nobody is identified. No picture is stored. No picture leaves this machine." in tree
    assert "img" not in tree  # signs and mirror say nothing that the words do not
    assert page.locator("html").get_attribute("lang") == "en"


@pytest.mark.parametrize("visit", [{"viewport": {"width": 800, "height": 1280}}], indirect=True)
def test_every_language_fits_the_screen(visit: Visit, stage: Stage) -> None:
    stage.people = (person(1, "incorrect", "nose", "mouth"),)
    page = visit.open()
    says(page, "Please cover your nose and mouth")
    titles = set()
    for width, height in ((800, 1280), (1024, 768), (360, 740)):
        page.set_viewport_size({"width": width, "height": height})
        for code in LANGUAGES:
            page.locator("#language").select_option(code)
            page.wait_for_function("code => document.documentElement.lang === code", arg=code)
            titles.add(page.locator("#title").text_content() or "")
            assert page.locator("html").get_attribute("dir") == ("rtl" if code == "ar" else "ltr")
            assert page.evaluate(TOO_WIDE) == [], (code, width)
            assert page.evaluate("document.documentElement.scrollHeight <= innerHeight"), (code, width)
    assert len(titles) == len(LANGUAGES)


TOO_WIDE = """() => [...document.querySelectorAll('h1, p, dl, button, select, section, footer')]
  .filter(e => e.checkVisibility() && !e.closest('.unseen') && getComputedStyle(e).clipPath === 'none')
  .map(e => [e.id || e.className || e.tagName, e.getBoundingClientRect()])
  .filter(([, r]) => r.left < -1 || r.right > innerWidth + 1).map(([name]) => name)"""


def test_text_may_be_twice_as_large_and_messages_have_contrast(visit: Visit, stage: Stage) -> None:
    page = visit.open()
    size = "parseFloat(getComputedStyle(document.getElementById(given)).fontSize)".replace("given", "id")
    sizes = {}
    says(page, "Welcome")
    page.locator("body.mirrored").wait_for()  # beside the visitor's picture words are smaller
    for text in ("100", "150", "200"):
        assert page.locator("html").get_attribute("data-size") == text
        sizes[text] = {part: page.evaluate(f"id => {size}", part) for part in ("title", "line", "privacy")}
        assert page.evaluate(TOO_WIDE) == []
        page.locator("#size").click()
    for part, times in (("title", 1.75), ("line", 2), ("privacy", 2)):  # no word of the title may be broken
        assert sizes["200"][part] >= times * sizes["100"][part] - 0.1
    for people, said in (
        ((), "Welcome"),
        ((person(1, "with_mask"),), "Thank you!"),
        ((person(1, "without_mask"),), "Please put on a mask"),
    ):
        stage.people = people
        says(page, said)
        page.wait_for_timeout(700)  # colours change slowly
        for part in ("title", "line"):
            assert page.evaluate(CONTRAST, part) >= 7, (said, part)
        assert page.evaluate(CONTRAST, "privacy") >= 7


# WCAG 2.2, relative luminance and contrast ratio, of a text and the colours behind it; the worst of a gradient counts.
CONTRAST = """id => {
  const channel = v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = c => {
    const [r, g, b] = c.match(/[\\d.]+/g).map(v => channel(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const part = document.getElementById(id);
  const ink = light(getComputedStyle(part).color);
  const colours = [];
  for (let e = part; e; e = e.parentElement) {
    const style = getComputedStyle(e);
    const found = [style.backgroundColor, ...(style.backgroundImage.match(/rgba?\\([^)]*\\)/g) ?? [])];
    colours.push(...found.filter(c => c !== 'rgba(0, 0, 0, 0)'));
    if (colours.length) break;
  }
  return Math.min(...colours.map(light).map(l => (Math.max(l, ink) + 0.05) / (Math.min(l, ink) + 0.05)));
}"""


def test_languages_by_setting_browser_address_and_in_turns(browser: Browser, door: Door) -> None:
    staged(door, languages=("pl",))
    with visiting(browser, door, locale="tr-TR") as visit:
        says(visit.open(), "Witamy")  # the setting goes before the browser's
        says(visit.open("?lang=ja"), "いらっしゃいませ")  # an address before the setting
        visit.check()
    staged(door)
    with visiting(browser, door, locale="tr-TR") as visit:
        says(visit.open(), "Hoş geldiniz")
    staged(door, languages=("de", "en"), turn=0.4)
    with visiting(browser, door) as visit:
        page = visit.open()
        for _ in range(2):
            says(page, "Willkommen")
            says(page, "Welcome")
        page.locator("#language").select_option("uk")  # a choice ends the turns
        says(page, "Ласкаво просимо")
        page.wait_for_timeout(1000)
        assert page.locator("#title").text_content() == "Ласкаво просимо"
        visit.check()


def test_the_camera_of_the_server(visit: Visit, door: Door, stage: Stage) -> None:
    class Camera:
        def __init__(self) -> None:
            self.state = {"state": "opening", "reason": ""}

        def to_dict(self) -> dict[str, str]:
            return self.state

    service = door.app.state.service
    service.camera = camera = Camera()

    def tell(state: str = "online", reason: str = "") -> None:
        camera.state = {"state": state, "reason": reason}
        service.hub.take(None, stage.snapshot(1.0))

    try:
        page = visit.open()
        says(page, "One moment, please")
        tell()
        says(page, "Welcome")
        stage.people = (person(1, "incorrect", "nose"),)
        tell()
        says(page, "Please cover your nose")
        stage.people = ()
        tell("offline", "rtsp://door:554/1 does not answer")
        says(page, "The camera cannot be reached")
        assert page.locator("#detail").text_content() == "rtsp://door:554/1 does not answer"
        tell("stalled")
        says(page, "The camera sends no picture")
        tell()
        says(page, "Welcome")
        assert page.locator("#video").is_hidden()
        assert not any(address.startswith("ws") for address in visit.origins)
        assert page.evaluate("document.getElementById('video').srcObject") is None
    finally:
        service.camera = None


def test_a_key_is_asked_for_where_one_is_needed(visit: Visit, door: Door, stage: Stage, tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "keys.json")
    key, other = file.add("door", ("watch",)), file.add("photos", ("look",))
    service = door.app.state.service
    open_to_all = service.access
    service.access = Access(True, file, Rates(0, 1))
    try:
        page = visit.open()
        says(page, "A key is needed")
        assert page.evaluate("document.activeElement.id") == "key"
        for text, answer in (("wrong", "This key is not known."), (other, "it lacks the scope"), (key, "")):
            page.get_by_label("Key", exact=True).fill(text)
            page.keyboard.press("Enter")
            if answer:
                page.wait_for_selector(f"text={answer}")
                assert page.locator("#key").get_attribute("aria-invalid") == "true"
        says(page, "Welcome")
        wait_for(lambda: stage.frames)
        assert page.get_by_label("Key", exact=True).is_hidden()
        (cookie,) = visit.context.cookies()
        assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == ("masquerade_session", True, "Strict")
        service.access.sessions = Sessions()  # the service has forgotten the cookie
        door.cut()
        says(page, "A key is needed")
        assert page.get_by_label("Key", exact=True).is_visible()
        # the browser's own line for each
        visit.problems = [text for text in visit.problems if not re.search(r"401|403|ERR_|WebSocket", text)]
    finally:
        service.access = open_to_all


LINKED = """
window.WebSocket = class {
  static OPEN = 1;
  constructor() { this.readyState = 1; window.link = this; setTimeout(() => this.onopen()); }
  send() {}
  close() {}
};
"""
FIVE_MINUTES = """async ([first, last]) => {
  const wearings = ["with_mask", "without_mask", "incorrect", "undecided"];
  for (let n = first; n < last; n += 1) {
    const people = [...Array(Math.floor(n / 10) % 4).keys()].map(i => ({
      number: Math.floor(n / 20) + i, wearing: wearings[Math.floor(n / 7) % 4], shows: ["nose"], since: n / 10,
      box: [100 * i, 100, 100 * i + 90, 220],
    }));
    const day = {entered: n, with_mask: 0, without_mask: n, incorrect: 0};
    link.onmessage({data: JSON.stringify({type: "snapshot", time: n / 10, width: 640, height: 480, people, day})});
    if (n % 100 === 0) await new Promise(requestAnimationFrame);
  }
}"""


def test_the_screen_is_kept_on_and_nothing_grows(visit: Visit, stage: Stage) -> None:
    """Five minutes at ten frames a second, as fast as they can be told: people come, go, and are reminded."""
    visit.page.add_init_script(LINKED)
    page = visit.open()
    page.wait_for_function("() => locks > 0 && window.link")
    says(page, "One moment, please")  # nothing was heard yet
    tools = visit.context.new_cdp_session(page)
    tools.send("Performance.enable")

    def after(first: int, last: int) -> dict[str, float]:
        page.evaluate(FIVE_MINUTES, [first, last])
        for _ in range(2):
            tools.send("HeapProfiler.collectGarbage")
        return {entry["name"]: entry["value"] for entry in tools.send("Performance.getMetrics")["metrics"]}

    early = after(0, 600)
    late = after(600, 3600)
    assert page.locator("[data-count=entered]").text_content() == "3,599"
    assert late["Nodes"] <= early["Nodes"] + 40  # the sign that is shown at the end may have more lines
    assert late["JSEventListeners"] <= early["JSEventListeners"] + 2
    assert late["JSHeapUsedSize"] <= 1.05 * early["JSHeapUsedSize"]
