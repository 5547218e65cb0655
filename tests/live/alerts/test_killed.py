"""A process that sends alerts is killed with -9; ``benchmarks/alerts.py`` does it 50 times."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.alerts import killed

pytest.importorskip("httpx", reason="the extra [watch] is not installed")


def test_killed_again_and_again_every_alert_that_was_written_is_sent_once(tmp_path: Path) -> None:
    outcomes = killed(5, tmp_path, life=0.4)
    surely, once = outcomes["at-least-once"], outcomes["at-most-once"]
    assert surely.written >= 5
    assert (surely.lost, surely.parked, surely.doubles, surely.out_of_order) == (0, 0, 0, 0)
    assert (once.again, once.doubles, once.out_of_order) == (0, 0, 0)
    assert once.lost <= once.parked <= 5  # what may have arrived is not sent again, and told
