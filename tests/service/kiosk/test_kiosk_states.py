"""The page in its states, without a service: axe-core's rules (WCAG 2.0 to 2.2, A and AA, best practices), sleep, and
addresses and machines without a camera.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from tests.service.kiosk.made_kiosk import CHROMIUM
from tools.kiosk_stage import chromium, show, without_camera, words_in

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
UNSURE = "background gradient"
"""axe cannot tell the contrast on a gradient; another test computes it."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    pytest.importorskip("playwright.sync_api", reason="needs playwright")
    if not CHROMIUM.exists():
        pytest.skip("needs Debian's chromium")
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def axe() -> str:
    package = pytest.importorskip("axe_playwright_python", reason="needs axe-playwright-python")
    return (Path(package.__file__).parent / "axe.min.js").read_text()


@pytest.mark.parametrize(
    ("state", "language", "size", "text", "colours"),
    [
        ("several", "en", (1024, 768), "100", "none"),
        ("thanks", "ar", (768, 1024), "100", "none"),
        ("nose_mouth", "de", (360, 640), "200", "none"),
        ("key", "ja", (512, 384), "100", "none"),  # a tablet, zoomed to 200 %
        ("refused", "fr", (1920, 1080), "100", "active"),  # the system's own colours
        ("source_offline", "ar", (320, 512), "100", "none"),
    ],
)
def test_no_rule_is_broken(
    browser: Browser,
    axe: str,
    state: str,
    language: str,
    size: tuple[int, int],
    text: str,
    colours: Literal["active", "none"],
) -> None:
    page = browser.new_page(viewport={"width": size[0], "height": size[1]}, forced_colors=colours)
    show(page, state, language, text)
    page.evaluate(axe)
    told = page.evaluate(
        "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations', 'incomplete']})",
        TAGS,
    )
    assert len(told["passes"]) > 15
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in told["violations"]] == []
    unsure = [node["failureSummary"] for rule in told["incomplete"] for node in rule["nodes"]]
    assert [text for text in unsure if UNSURE not in text and "obscured" not in text] == []
    assert page.evaluate("document.getAnimations().length") == 0  # less motion was asked for
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if text == "100" and min(size) >= 640:
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    page.close()


def says(page: Page, key: str) -> None:
    page.wait_for_function("title => document.getElementById('title').textContent === title", arg=words_in("en")[key])


def test_a_machine_that_slept_says_nothing_old(browser: Browser) -> None:
    page = browser.new_page()
    page.clock.install()
    show(page, "put_on")
    assert page.locator("#frames > g").is_visible()
    page.evaluate("stage.mute = true; stage.before = stage.sockets")
    page.clock.fast_forward("01:00:00")  # as a laptop's lid that is closed and opened
    says(page, "moment.title")
    assert page.locator("#frames > g").is_hidden()
    assert page.evaluate("stage.sockets") == page.evaluate("stage.before") + 1  # the old connection is not trusted
    page.evaluate("stage.mute = false")
    page.clock.run_for(20000)  # an answer that does not come is waited for so long
    says(page, "put_on.title")
    page.close()


def test_a_page_from_elsewhere_without_tls_says_what_to_do(browser: Browser) -> None:
    page = browser.new_page()
    show(page, "insecure", address="http://door.test/")  # the browser itself refuses
    assert "http://door.test" in (page.locator("#detail").text_content() or "")
    assert "masquerade serve --certfile" in (page.locator("#detail").text_content() or "")
    assert page.locator("#privacy").text_content() == words_in("en")["privacy.service"]
    page.close()


def test_what_is_kept_and_sent_is_said(browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 1024, "height": 768})
    show(page, "source_offline", "de")
    words = words_in("de")
    told = " ".join(words[f"privacy.{name}"] for name in ("service", "events", "alerts"))
    assert page.locator("#privacy").text_content() == told
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    page.close()


def test_a_machine_without_a_camera(browser: Browser) -> None:
    bare = without_camera(browser)
    page = bare.new_page()
    show(page, "none")
    assert (page.locator("#detail").text_content() or "").startswith("NotFoundError")
    assert page.get_by_role("button", name="Try again").is_visible()
    bare.close()


CAMERA_IS_BACK = """
delete navigator.mediaDevices.getUserMedia;
navigator.mediaDevices.dispatchEvent(new Event("devicechange"));
"""


def test_with_the_camera_the_link_comes_back_at_once(browser: Browser) -> None:
    page = browser.new_page()
    page.clock.install(time=0)
    show(page, "absent")
    page.wait_for_function("() => stage.socket.readyState === 1")
    page.clock.pause_at(3600)
    page.evaluate(
        "stage.before = stage.sockets; stage.socket.onclose({code: 1000})"
    )  # nothing came: the session is idle
    page.evaluate(CAMERA_IS_BACK)
    page.wait_for_function("() => stage.sockets > stage.before")  # while no time passes
    says(page, "moment.title")
    page.clock.resume()
    says(page, "welcome.title")
    page.close()


def test_a_key_that_is_given_while_the_camera_is_in_trouble(browser: Browser) -> None:
    page = browser.new_page()
    show(page, "absent")
    page.evaluate("stage.allowed = false; stage.before = stage.sockets")
    late: list[Route] = []
    config = "**/v1/kiosk/config"
    refusal = "stage.socket.onmessage({data: JSON.stringify({type: 'error', error: {code: 'key_required'}})})"

    def hold(route: Route) -> None:
        late.append(route)

    page.route(config, hold, times=1)
    page.evaluate(refusal)
    until = time.monotonic() + 60
    while not late:
        assert time.monotonic() < until
        page.wait_for_timeout(20)
    page.route(config, lambda route: route.fulfill(status=401, json={}), times=1)
    page.evaluate(refusal)
    says(page, "key.title")
    page.route("**/v1/session", lambda route: route.fulfill(json={"scopes": ["watch"]}))
    page.fill("#key", "a key")
    page.press("#key", "Enter")
    says(page, "absent.title")
    page.wait_for_function("() => stage.sockets > stage.before")
    with page.expect_event("requestfinished", lambda request: request.url.endswith("/config")):
        late[0].fulfill(status=401, json={})
    page.evaluate("new Promise((done) => setTimeout(done, 200))")
    page.evaluate(CAMERA_IS_BACK)
    says(page, "welcome.title")  # an answer from before the key stops nothing
    page.close()


def test_a_new_connection_forgets_what_the_last_one_told(browser: Browser) -> None:
    page = browser.new_page()
    show(page, "source_stalled")
    page.evaluate("stage.camera = undefined; stage.feed.onerror()")
    says(page, "welcome.title")
    page.close()
