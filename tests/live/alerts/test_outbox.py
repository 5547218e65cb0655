"""The outbox: what is written is on disk, in order, and only an outbox is taken for one."""

from __future__ import annotations

import sqlite3
import stat
import threading
from pathlib import Path

import pytest

from masquerade.errors import DestinationUnusable, OutboxUnusable
from masquerade.live.alerts import Outbox, storage
from masquerade.live.alerts.outbox import MAYBE_SENT
from tests.live.alerts.made_alerts import Clock, alert

BOTH = {"a": 60.0, "b": 10.0}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def box(tmp_path: Path, clock: Clock) -> Outbox:
    return Outbox(tmp_path / "new" / "outbox.sqlite", clock=clock)


def test_what_was_written_is_read_by_the_next_process(box: Outbox) -> None:
    box.add(alert(1), BOTH)
    box.add(alert(2, "incorrect"), BOTH)
    other = Outbox(box.path)
    found = other.rows("pending")
    assert [(one.alert, one.channel) for one in found] == [
        (alert(1), "a"),
        (alert(1), "b"),
        (alert(2, "incorrect"), "a"),
        (alert(2, "incorrect"), "b"),
    ]
    other.close()
    box.close()
    box.close()


def test_an_alert_is_there_once(box: Outbox) -> None:
    box.add(alert(1), BOTH)
    box.add(alert(1), BOTH)
    assert len(box.rows("pending")) == 2


def test_order_and_states(box: Outbox, clock: Clock) -> None:
    for number in (2, 1, 3):
        box.add(alert(number), {"a": 60})
    first = box.head("a")
    assert first is not None and first.alert == alert(2)
    box.begin(first)
    head = box.head("a")
    assert head is not None and (head.alert, head.state) == (alert(2), "sending")
    box.sent(first)
    second = box.head("a")
    assert second is not None and second.alert == alert(1)
    box.again(second, 7.0, "down")
    second = box.head("a")
    assert second is not None and (second.due, second.attempts, second.reason) == (clock.now + 7, 1, "down")
    box.failed(second, "gone")
    assert box.counts() == {"a": {"sent": 1, "failed": 1, "pending": 1}}
    assert box.head("b") is None


def test_what_is_of_no_use_expires(box: Outbox, clock: Clock) -> None:
    box.add(alert(1), BOTH)
    clock.now += 9.9
    assert box.expire() == 0
    clock.now += 0.1
    assert box.expire() == 1
    assert [one.channel for one in box.rows("expired")] == ["b"]
    assert box.revive(5.0) == 1
    assert box.head("b") is not None
    clock.now += 5
    assert box.expire() == 1


def test_what_was_being_sent_is_parked(box: Outbox) -> None:
    box.add(alert(1), BOTH)
    head = box.head("a")
    assert head is not None
    box.begin(head)
    assert (box.recover("b"), box.recover("a")) == (0, 1)
    assert [one.reason for one in box.rows("failed")] == [MAYBE_SENT]


def test_what_is_done_is_removed_in_time_and_leaves_no_trace(box: Outbox, clock: Clock) -> None:
    box.add(alert(1), {"a": 1e9})
    box.add(alert(2), {"a": 1e9})
    head = box.head("a")
    assert head is not None
    box.sent(head)
    clock.now += 2 * 86400
    assert box.sweep(3) == 0
    assert box.sweep(1) == 1
    assert [one.alert for one in box.rows("pending", "sent")] == [alert(2)]  # the one on its way stays
    box.close()
    assert alert(1).id.encode() not in box.path.read_bytes()


def test_nobody_else_may_read_it(box: Outbox) -> None:
    assert stat.S_IMODE(box.path.stat().st_mode) == 0o600


def test_one_process_delivers_to_a_channel(box: Outbox) -> None:
    other = Outbox(box.path)
    assert box.may_deliver("a") and box.may_deliver("a")
    assert not other.may_deliver("a")
    assert other.may_deliver("b")
    box.close()
    assert other.may_deliver("a")
    other.close()


def test_several_threads_and_files_write_at_once(box: Outbox) -> None:
    def write(start: int) -> None:
        mine = Outbox(box.path) if start % 2 else box
        for number in range(start, 80, 4):
            mine.add(alert(number), {"a": 60})
        if mine is not box:
            mine.close()

    threads = [threading.Thread(target=write, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {one.alert.id for one in box.rows("pending")} == {alert(number).id for number in range(80)}


@pytest.mark.parametrize("content", [b"a photo, not a database" * 50, None])
def test_another_file_is_left_alone(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "precious"
    if content is None:
        with sqlite3.connect(path) as base:
            base.execute("CREATE TABLE mine (a)")
        base.close()
        content = path.read_bytes()
    else:
        path.write_bytes(content)
    with pytest.raises(OutboxUnusable, match=r"not a database|another kind"):
        Outbox(path)
    assert path.read_bytes() == content


def test_places_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(DestinationUnusable, match="is a folder"):
        Outbox(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(DestinationUnusable):
        Outbox(tmp_path / "file" / "outbox")


def test_a_newer_version_is_not_touched(box: Outbox) -> None:
    box.close()
    with sqlite3.connect(box.path) as base:
        base.execute("PRAGMA user_version = 99")
    base.close()
    with pytest.raises(OutboxUnusable, match="newer version"):
        Outbox(box.path)


def test_an_older_version_is_brought_up(box: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    box.add(alert(1), BOTH)
    box.close()
    added = "ALTER TABLE alerts ADD COLUMN more TEXT; CREATE TABLE others (a)"
    monkeypatch.setattr(storage, "MIGRATIONS", (*storage.MIGRATIONS, added))
    newer = Outbox(box.path)
    assert len(newer.rows("pending")) == 2
    newer.close()
    base = sqlite3.connect(box.path)
    assert base.execute("PRAGMA user_version").fetchone() == (len(storage.MIGRATIONS),)
    base.close()


def test_it_is_durable(box: Outbox) -> None:
    assert box._base.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    assert box._base.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_full_disk_leaves_it_as_it_was(box: Outbox) -> None:
    box.add(alert(1), BOTH)
    pages = box._base.execute("PRAGMA page_count").fetchone()[0]
    box._base.execute(f"PRAGMA max_page_count = {pages}")
    written = 1
    with pytest.raises(OutboxUnusable, match="full"):
        while True:
            box.add(alert(written + 1), BOTH)
            written += 1
    assert len(box.rows("pending")) == written * 2
    box._base.execute(f"PRAGMA max_page_count = {pages * 100}")
    box.add(alert(written + 1), BOTH)
    assert len(box.rows("pending")) == written * 2 + 2


def test_an_alert_that_cannot_be_read_is_parked_and_holds_up_nothing(box: Outbox) -> None:
    for number in (1, 2, 3):
        box.add(alert(number), {"a": 60})
    box._base.execute("UPDATE alerts SET body = '{' WHERE number = 1")
    box._base.execute("UPDATE alerts SET body = '{}' WHERE number = 2")
    head = box.head("a")
    assert head is not None and head.alert == alert(3)
    assert box.counts() == {"a": {"failed": 2, "pending": 1}}
    assert box.rows("failed") == []
    box.sent(head)
    assert box.head("a") is None


def test_it_opens_while_another_program_writes(box: Outbox) -> None:
    """As on a full disk, nothing can be written; what lies there can still be taken out."""
    box.add(alert(1), {"a": 60})
    box._base.execute("BEGIN IMMEDIATE")
    other = Outbox(box.path)
    head = other.head("a")
    assert head is not None and head.alert == alert(1)
    other.close()
    box._base.execute("ROLLBACK")


@pytest.mark.parametrize("damaged", [False, True])
def test_a_file_that_was_moved_away_begins_anew(box: Outbox, damaged: bool) -> None:
    box.add(alert(1), {"a": 60})
    if damaged:
        box._base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with box.path.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xff" * 4096 * 3)
        with pytest.raises(OutboxUnusable, match="malformed"):
            Outbox(box.path).add(alert(2), {"a": 60})
    for path in box.path.parent.glob(f"{box.path.name}*"):
        path.rename(path.with_name(f"old-{path.name}"))
    box.add(alert(2), {"a": 60})
    reader = Outbox(box.path)
    assert [one.alert for one in reader.rows("pending")] == [alert(2)]  # on disk, where it is looked for
    assert stat.S_IMODE(box.path.stat().st_mode) == 0o600
    reader.close()


def test_what_waits_for_a_channel_that_is_gone(box: Outbox, clock: Clock) -> None:
    box.add(alert(1), {"old": 60, "new": 60, "elsewhere": 60})
    box.add(alert(2), {"old": 60})
    other = Outbox(box.path)
    assert other.may_deliver("elsewhere")
    assert box.orphans({"new"}) == {"old": 2}
    assert other.may_deliver("old")  # asking took nothing
    other.close()
    head = box.head("old")
    assert head is not None
    box.begin(head)  # killed while it was being sent, then renamed
    clock.now += 2 * 86400
    assert box.sweep(1) == 2


def test_what_was_sent_long_ago_costs_nothing(box: Outbox, clock: Clock) -> None:
    """Reads count steps of SQLite's machine: as many with a thousand times as much history."""
    steps: list[int] = []
    taken: list[int] = []
    for count in (10, 10_000):
        with box._change() as base:
            for number in range(count):
                base.execute(
                    "INSERT INTO alerts (id, written, body) VALUES (?, ?, '{}')", (f"{count}-{number}", clock.now)
                )
            base.execute(
                "INSERT INTO deliveries (alert, channel, state, due, expires, changed)"
                " SELECT number, 'a', 'sent', 0, 0, 0 FROM alerts WHERE true ON CONFLICT DO NOTHING"
            )
        box.add(alert(count), {"a": 60})
        taken.clear()
        box._base.set_progress_handler(lambda: taken.append(1), 1)
        head = box.head("a")
        box.expire()
        box._base.set_progress_handler(None, 1)
        assert head is not None and head.alert == alert(count)
        box.sent(head)
        steps.append(len(taken))
    assert steps[1] < 2 * steps[0]


def test_an_outbox_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "outbox"
    first = sqlite3.connect(path, isolation_level=None)
    first.executescript(storage.MIGRATIONS[0])
    first.execute(f"PRAGMA application_id = {storage.APPLICATION}")
    first.execute("PRAGMA user_version = 1")
    first.close()
    box = Outbox(path)
    box.add(alert(1), {"a": 60})
    assert box.counts() == {"a": {"pending": 1}}
    box.close()
    Outbox(path).close()


def test_the_time_of_day_may_be_learnt_after_the_start(tmp_path: Path) -> None:
    """A machine without a clock of its own begins in the past, then jumps."""
    day, running = [1e9], [50.0]
    box = Outbox(tmp_path / "outbox", clock=storage.steady(lambda: day[0], lambda: running[0]))
    box.add(alert(1), {"a": 60})
    day[0] += 30 * 86400
    running[0] += 59
    assert box.expire() == 0
    running[0] += 2
    assert box.expire() == 1
    assert box.clock() == 1e9 + 61
    box.close()
    assert storage.since_boot() <= storage.since_boot()
