"""Alerts from event to receiver: in threads, across restarts, while this or that is broken."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from masquerade.errors import AlertsInvalid, OutboxUnusable
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
    from masquerade.live.alerts import writing as room

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


def test_a_watch_is_told_of_outages_once_each(tmp_path: Path) -> None:
    recorder = Recorder(failures=[failing() for _ in range(100_000)])
    chime = AlertsConfig(channels={"chime": SoundConfig(kind="sound", delivery="at-least-once", retry_first=0.01)})
    with Alerts(chime, Outbox(tmp_path / "outbox"), channels={"chime": recorder}, say=lambda _: None, calm=0) as alerts:
        sink = alerts.sink("door")
        take(alerts, 1)
        until(lambda: alerts.outages)
        news = sink.news(4.0) + sink.news(4.5)
        recorder.failures.clear()
        until(lambda: not alerts.outages)
        news += sink.news(5.0)
        take(alerts, 2)
        assert sink.news(6.0, last=True) == []
    assert [one.to_dict() for one in news] == [
        {"time": 4.0, "event": "alerts_failing", "person": None, "wearing": None, "channel": "chime",
         "reason": "it is down"},
        {"time": 5.0, "event": "alerts_working", "person": None, "wearing": None, "channel": "chime"},
    ]  # fmt: skip
    assert len(recorder.sent) == 2  # the last call waited for it


def test_the_outbox_is_told_of_without_a_channel(tmp_path: Path) -> None:
    said: list[str] = []
    outbox = Outbox(tmp_path / "outbox")
    outbox._base.execute("PRAGMA query_only = ON")
    with Alerts(AlertsConfig(), outbox, say=said.append) as alerts:
        take(alerts, 1, 2)
        news = alerts.sink("door").news(1.0, last=True)
    assert [(one.event, one.channel) for one in news] == [("outbox_failing", "")]
    assert "readonly" in news[0].reason
    assert said[-1] == "2 alerts lost: the outbox could not be written"


def test_the_keeper_outlives_what_nobody_has_foreseen(
    tmp_path: Path, server: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    said: list[str] = []
    outbox = Outbox(tmp_path / "outbox")
    broken = {"expire": True, "add": True}
    expire, add = outbox.expire, outbox.add

    def odd(name: str, right: object) -> object:
        def call(*words: object) -> object:
            if broken[name]:
                raise ZeroDivisionError("nobody knew")
            return right(*words)  # type: ignore[operator]

        return call

    monkeypatch.setattr(outbox, "expire", odd("expire", expire))
    monkeypatch.setattr(outbox, "add", odd("add", add))
    with Alerts(config(server.url), outbox, say=said.append, calm=0) as alerts:
        take(alerts, 1)  # and the watch goes on
        until(lambda: said)
        assert "ZeroDivisionError" in said[0]
        broken.update(expire=False, add=False)
        until(lambda: people_of(server) == [1])
        until(lambda: not alerts.outages)
    assert "nobody knew" in caplog.text


def test_a_screen_that_is_gone_keeps_no_alert_back(tmp_path: Path, server: Receiver) -> None:
    def gone(words: str) -> None:
        raise BrokenPipeError(words)

    server.answers = [(503, {})]
    with Alerts(config(server.url), Outbox(tmp_path / "outbox"), say=gone, calm=0) as alerts:
        take(alerts, 1)
        until(lambda: len(server.requests) == 2)
        until(lambda: not alerts.outages)
        take(alerts, 2)
        until(lambda: people_of(server) == [1, 1, 2])


def test_a_source_whose_name_is_no_text_loses_no_alert(tmp_path: Path, server: Receiver) -> None:
    with Alerts(config(server.url), Outbox(tmp_path / "outbox")) as alerts:
        alerts.take(event(1), at=NOON, source="caf\udce9.avi")
        until(lambda: len(server.requests) == 1)
    assert server.requests[0].json["source"] == "caf?.avi"


def test_a_disk_that_is_locked_holds_up_the_watch_once(tmp_path: Path) -> None:
    """Another program keeps the file to itself: whoever comes later does not wait for it."""
    import sqlite3

    outbox = Outbox(tmp_path / "outbox")
    other = sqlite3.connect(tmp_path / "outbox", isolation_level=None)
    with Alerts(AlertsConfig(), outbox, say=lambda _: None, calm=0) as alerts:
        outbox._base.execute("PRAGMA busy_timeout = 1500")
        other.execute("BEGIN IMMEDIATE")
        take(alerts, 1)
        begin = time.monotonic()
        take(alerts, *range(2, 30))
        taken = time.monotonic() - begin
        assert taken < 20  # each waiting its turn would take 42 s
        assert alerts.report().unwritten == 29
        other.execute("ROLLBACK")
        until(lambda: not alerts.report().unwritten)
    other.close()


def test_what_waits_for_a_channel_that_was_renamed_is_said(tmp_path: Path) -> None:
    box = Outbox(tmp_path / "outbox")
    box.add(alert(1), {"office": 60, "chime": 60})
    box.close()
    said: list[str] = []
    chime = AlertsConfig(channels={"chime": SoundConfig(kind="sound")})
    with Alerts(chime, Outbox(tmp_path / "outbox"), channels={"chime": Recorder()}, say=said.append):
        until(lambda: said)
    assert said == ["1 alert for office will expire: no channel is called so any more"]


def test_what_cannot_be_made_leaves_nothing_open(tmp_path: Path) -> None:
    guards = list(logging.getLogger("httpx").filters)
    outbox = Outbox(tmp_path / "outbox")
    with pytest.raises(AlertsInvalid, match="channel hook0: ca_file"):
        Alerts(config("https://a.example/", ca_file=tmp_path / "none.pem"), outbox)
    assert logging.getLogger("httpx").filters == guards
    with pytest.raises(OutboxUnusable, match="closed"):
        outbox.counts()
