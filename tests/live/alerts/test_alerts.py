"""Alerts from event to receiver: in threads, across restarts, while this or that is broken."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from masquerade.live.alerts import Alerts, AlertsConfig, Door, Outbox, load_alerts
from masquerade.live.alerts.kinds import AnyChannel, SoundConfig, WebhookConfig
from masquerade.live.types import Event, Frame, Person
from tests.live.alerts.made_alerts import NOON, Receiver, Recorder, alert, event, failing, receiver, until

pytest.importorskip("httpx", reason="the extra [watch] is not installed")


@pytest.fixture
def server() -> Iterator[Receiver]:
    with receiver() as running:
        yield running


def config(*urls: str, **words: object) -> AlertsConfig:
    channels: dict[str, AnyChannel] = {
        f"hook{number}": WebhookConfig.model_validate({"kind": "webhook", "url": url, "retry_first": 0.05, **words})
        for number, url in enumerate(urls)
    }
    return AlertsConfig(channels=channels)


def take(alerts: Alerts, *numbers: int) -> None:
    for number in numbers:
        alerts.take(event(number), at=NOON, source="door")


def people_of(server: Receiver) -> list[int]:
    return [request.json["person"] for request in list(server.requests)]


def test_alerts_arrive_in_order_and_once(tmp_path: Path, server: Receiver) -> None:
    with Alerts(config(server.url), Outbox(tmp_path / "outbox")) as alerts:
        take(alerts, 1, 2, 3)
        alerts.take(Event(1, "entered", 4, "undecided"), at=NOON, source="door")
        until(lambda: len(server.requests) == 3)
    assert people_of(server) == [1, 2, 3]
    assert len({request.headers["idempotency-key"] for request in server.requests}) == 3


def test_closing_waits_a_moment_for_what_is_on_its_way(tmp_path: Path, server: Receiver) -> None:
    alerts = Alerts(config(server.url), Outbox(tmp_path / "outbox"))
    take(alerts, 1)
    alerts.close(seconds=60)
    assert people_of(server) == [1]


def test_what_was_left_goes_out_at_the_next_start(tmp_path: Path, server: Receiver) -> None:
    with Alerts(config("http://127.0.0.1:1/"), Outbox(tmp_path / "outbox"), say=lambda _: None) as alerts:
        take(alerts, 1, 2)
    with Alerts(config(server.url), Outbox(tmp_path / "outbox")):
        until(lambda: len(server.requests) == 2)
    assert people_of(server) == [1, 2]


def test_one_that_hangs_holds_up_nobody(tmp_path: Path, server: Receiver) -> None:
    with receiver() as hanging:
        hanging.hang = threading.Event()
        with Alerts(
            config(hanging.url, server.url, timeout=1), Outbox(tmp_path / "outbox"), say=lambda _: None
        ) as alerts:
            begin = time.perf_counter()
            take(alerts, 1, 2, 3)
            taken = time.perf_counter() - begin
            until(lambda: len(server.requests) == 3)
            assert taken < 5  # it does not wait for a channel; a commit takes its time on a busy machine
            assert alerts.report().channels[0].pending == 3
            alerts.close(0)


def test_one_process_delivers_and_the_next_takes_over(tmp_path: Path, server: Receiver) -> None:
    first = Alerts(config(server.url), Outbox(tmp_path / "outbox"))
    until(lambda: first.report().channels[0].delivers)
    second = Alerts(config("http://127.0.0.1:1/"), Outbox(tmp_path / "outbox"))
    take(second, 1)
    until(lambda: len(server.requests) == 1)  # written by one, sent by the other
    assert not second.report().channels[0].delivers
    first.close()
    until(lambda: second.report().channels[0].delivers)
    second.close(0)


def test_a_full_disk_is_said_once_and_heals(tmp_path: Path, server: Receiver) -> None:
    said: list[str] = []
    outbox = Outbox(tmp_path / "outbox")
    with Alerts(config(server.url), outbox, say=said.append, calm=0) as alerts:
        take(alerts, 1)
        until(lambda: len(server.requests) == 1)
        pages = outbox._base.execute("PRAGMA page_count").fetchone()[0]
        outbox._base.execute(f"PRAGMA max_page_count = {pages}")
        number = 1
        while not alerts.report().unwritten:
            number += 1
            take(alerts, number)
        take(alerts, number + 1, number + 2)
        assert "full" in alerts.report().trouble
        until(lambda: "kept in memory" in "".join(said))
        assert list(alerts.outages) == [""]
        outbox._base.execute(f"PRAGMA max_page_count = {pages * 1000}")
        until(lambda: len(server.requests) == number + 2)  # without another alert
        assert people_of(server) == list(range(1, number + 3))
        until(lambda: (alerts.report().unwritten, alerts.report().trouble) == (0, ""))
        until(lambda: not alerts.outages)
    assert (len(said), said[-1]) == (2, "alerts are written into the outbox again")


def test_when_memory_is_full_the_oldest_is_given_up_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from masquerade.live.alerts import alerts as room

    monkeypatch.setattr(room, "MOST_UNWRITTEN", 3)
    outbox = Outbox(tmp_path / "outbox")
    outbox._base.execute("PRAGMA query_only = ON")
    with Alerts(AlertsConfig(), outbox, say=lambda _: None) as alerts:
        take(alerts, *range(8))
        assert (alerts.report().unwritten, alerts.report().lost) == (3, 5)


def test_a_sound_is_not_played_again_after_a_restart(tmp_path: Path) -> None:
    chime = AlertsConfig(channels={"chime": SoundConfig(kind="sound")})
    outbox = Outbox(tmp_path / "outbox")
    outbox.add(alert(1), {"chime": 60})
    head = outbox.head("chime")
    assert head is not None
    outbox.begin(head)  # and then the process was killed
    outbox.close()
    recorder = Recorder()
    with Alerts(chime, Outbox(tmp_path / "outbox"), channels={"chime": recorder}) as alerts:
        until(lambda: alerts.report().channels[0].failed == 1)
        take(alerts, 2)
        until(lambda: recorder.sent)
    assert [one.person for one in recorder.sent] == [2]
    assert recorder.closed


@dataclass(frozen=True)
class Counts:
    entered: int = 2
    alerts: int = 1


@dataclass
class Snapshot:
    events: tuple[Event, ...] = ()
    people: tuple[Person, ...] = ()
    counts: Counts = Counts()


class Screen(Recorder):
    """A channel that shows how things are."""

    def __init__(self) -> None:
        super().__init__()
        self.doors: list[Door] = []

    def door(self, door: Door) -> None:
        self.doors.append(door)


def test_the_sink_of_a_watch(tmp_path: Path) -> None:
    import numpy as np

    screen = Screen()
    chime = AlertsConfig(channels={"chime": SoundConfig(kind="sound")})
    frame = Frame(np.zeros((2, 2, 3), np.uint8), 0.0, 0)
    somebody = Person(1, (0, 0, 1, 1), "incorrect", (), 0, 0, 0)
    with Alerts(chime, Outbox(tmp_path / "outbox"), channels={"chime": screen}) as alerts:
        sink = alerts.sink("door", now=lambda: NOON)
        sink.take(None, Snapshot())
        sink.take(frame, Snapshot(events=(event(1),), people=(somebody,)))
        sink.take(None, Snapshot(events=(Event(3, "stalled"),)))
        sink.close()
        until(lambda: screen.sent)
    assert screen.doors == [
        Door("opening", entered=2, alerts=1),
        Door("online", 1, 0, 0, 1, 2, 1),
        Door("stalled", entered=2, alerts=1),
        Door("ended"),
    ]
    assert (screen.sent[0].at, screen.sent[0].source) == (NOON, "door")


def test_secrets_are_nowhere(
    tmp_path: Path, server: Receiver, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Greps logs of every level, what is said, errors, representations and the files of the outbox."""
    secrets = {
        "PATH_TOKEN": "T0PS3CRET-path",
        "QUERY": "T0PS3CRET-query",
        "KEY": "T0PS3CRET-key-of-enough-bytes",
        "BEARER": "T0PS3CRET-bearer",
        "PASS": "T0PS3CRET-pass",
    }
    down = "http://user:${PASS}@127.0.0.1:1/${PATH_TOKEN}"
    up = f"http://user:${{PASS}}@127.0.0.1:{server.port}/${{PATH_TOKEN}}?q=${{QUERY}}"
    text = "".join(
        f'[channels.{name}]\nkind = "webhook"\nurl = "{url}"\nsecret = "${{KEY}}"\nheaders = {{ X = "${{BEARER}}" }}\n'
        for name, url in (("up", up), ("down", down))
    )
    (tmp_path / "alerts.toml").write_text(text, encoding="utf-8")
    said: list[str] = []
    server.answers = [(404, {}), (500, {}), (301, {"Location": server.url + "/T0PS3CRET-path"})]
    caplog.set_level(logging.DEBUG)
    loaded = load_alerts(tmp_path / "alerts.toml", secrets)
    with Alerts(loaded, Outbox(tmp_path / "outbox"), say=said.append) as alerts:
        take(alerts, 1, 2)
        until(lambda: len(server.requests) == 3)
        until(lambda: said)
        files = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.name != "alerts.toml")
        seen = caplog.text + "".join(said) + repr(loaded) + repr(alerts.report()) + repr(alerts.__dict__)
    assert "T0PS3CRET" in server.requests[0].path  # they were in use
    assert server.requests[0].headers["x"] == "T0PS3CRET-bearer"
    output = capfd.readouterr()
    assert len(caplog.records) > 10
    assert "T0PS3CRET" not in seen + output.out + output.err
    assert b"T0PS3CRET" not in files


def test_failures_are_parked_and_told(tmp_path: Path) -> None:
    recorder = Recorder(failures=[failing(permanent=True)])
    chime = AlertsConfig(channels={"chime": SoundConfig(kind="sound")})
    said: list[str] = []
    with Alerts(chime, Outbox(tmp_path / "outbox"), channels={"chime": recorder}, say=said.append) as alerts:
        take(alerts, 1)
        until(lambda: alerts.report().channels[0].failed == 1)
        until(lambda: not alerts.report().channels[0].up)
        report = alerts.report().channels[0]
    assert (report.name, report.kind, report.pending, report.trouble) == ("chime", "sound", 0, "it is down")
    assert said == ["alerts to chime do not go out: it is down"]
