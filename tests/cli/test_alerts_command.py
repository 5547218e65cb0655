"""``masquerade alerts``: check, test, pending."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from masquerade.live.alerts import Outbox
from tests.cli.commands import Run
from tests.live.alerts.made_alerts import alert, receiver

pytest.importorskip("httpx", reason="the extra [watch] is not installed")


def written(folder: Path, *urls: str) -> Path:
    path = folder / "alerts.toml"
    channels = [f'[channels.hook{number}]\nkind = "webhook"\nurl = "{url}"\n' for number, url in enumerate(urls)]
    path.write_text("".join(channels), encoding="utf-8")
    path.chmod(0o600)
    return path


def test_check_says_where_alerts_go_and_no_secret(masquerade: Run, tmp_path: Path) -> None:
    path = written(tmp_path, "https://hooks.example.org/T0PS3CRET", "http://plain.example.org/T0PS3CRET")
    done = masquerade("alerts", "check", "--alerts", path)
    assert done.code == 0
    assert done.out.splitlines()[0] == "hook0  webhook   at-least-once  https://hooks.example.org/..."
    assert done.err == "warning: channel hook1: secrets and alerts go unencrypted over the network\n"
    assert "T0PS3CRET" not in done.out + done.err
    as_json = json.loads(masquerade("alerts", "check", "--alerts", path, "--json").out)
    assert [row["name"] for row in as_json["channels"]] == ["hook0", "hook1"]
    assert len(as_json["warnings"]) == 1


def test_check_names_what_is_wrong(masquerade: Run, tmp_path: Path) -> None:
    done = masquerade("alerts", "check", "--alerts", written(tmp_path, "ftp://a/T0PS3CRET"))
    assert done.code == 2
    assert "channel hook0, url: expected an address" in done.err and "[alerts_invalid]" in done.err
    assert "T0PS3CRET" not in done.err


def test_check_of_nothing(masquerade: Run, tmp_path: Path) -> None:
    assert "no channel" in masquerade("alerts", "check", "--alerts", written(tmp_path)).err


@pytest.mark.usefixtures("fresh_settings")
def test_the_file_may_be_a_setting(masquerade: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = masquerade("alerts", "check")
    assert (done.code, "no file of alerts is named" in done.err) == (2, True)
    from masquerade.settings import get_settings

    get_settings.cache_clear()
    monkeypatch.setenv("MASQUERADE_ALERTS_FILE", str(written(tmp_path, "https://a.example/")))
    assert masquerade("alerts", "check").code == 0


def test_every_channel_is_tried(masquerade: Run, tmp_path: Path) -> None:
    with receiver() as server:
        server.answers = [(204, {}), (404, {})]
        path = written(tmp_path, server.url, server.url)
        done = masquerade("alerts", "test", "--alerts", path)
        assert (done.code, done.out) == (1, "hook0: sent\nhook1: failed: answered 404\n")
        assert server.requests[0].json["test"] is True
        only = masquerade("alerts", "test", "hook1", "--alerts", path, "--json")
        assert (only.code, json.loads(only.out)["sent"]) == (0, True)
        assert len(server.requests) == 3
        wrong = masquerade("alerts", "test", "bell", "--alerts", path)
        assert (wrong.code, "no channel is called 'bell' (there are: hook0, hook1)" in wrong.err) == (2, True)


def test_what_is_on_its_way(masquerade: Run, tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"
    assert masquerade("alerts", "pending", "--outbox", path).out == "nothing is on its way\n"
    assert not path.exists()
    box = Outbox(path)
    box.add(alert(1), {"office": 1e9})
    box.add(alert(2), {"office": 1e9})
    first = box.head("office")
    assert first is not None
    box.failed(first, "answered 404")
    box.close()
    lines = masquerade("alerts", "pending", "--outbox", path).out.splitlines()
    assert "office  failed, 1 attempt: answered 404  (door, without_mask)" in lines[0]
    assert "office  pending, 0 attempts  (door" in lines[1]
    again = masquerade("alerts", "pending", "--outbox", path, "--again", "--json").out.splitlines()
    assert [json.loads(line)["state"] for line in again] == ["pending", "pending"]
