"""``masquerade serve`` and ``masquerade keys``, in this process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs the [serve] extra")

from masquerade.service.access import keys as keys_module
from masquerade.service.access.keys import KeyFile
from tests.cli.commands import Run


@pytest.fixture(autouse=True)
def _cheap_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys_module, "COST", 16)


def test_keys_are_made_listed_and_removed(masquerade: Run, tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    made = masquerade("keys", "add", "door", "--file", file)
    assert made.code == 0
    key = KeyFile(file).find(made.out.strip())
    assert key is not None
    assert (key.name, key.scopes) == ("door", ("look", "watch"))
    masquerade("keys", "add", "prometheus", "--scope", "metrics", "--file", file)
    listed = masquerade("keys", "list", "--json", "--file", file)
    assert [(row["name"], row["scopes"]) for row in json.loads(listed.out)] == [
        ("door", ["look", "watch"]),
        ("prometheus", ["metrics"]),
    ]
    assert made.out.strip()[12:] not in listed.out
    assert "prometheus" in masquerade("keys", "list", "--file", file).out
    assert masquerade("keys", "remove", "door", "--file", file).code == 0
    assert KeyFile(file).find(made.out.strip()) is None
    again = masquerade("keys", "remove", "door", "--file", file)
    assert (again.code, "[keys_invalid]" in again.err) == (2, True)
    assert "there are no keys" in masquerade("keys", "list", "--file", tmp_path / "none.json").err


class Started:
    """Takes the place of ``run``: notes the configuration, says that it serves."""

    config: Any = None

    def __call__(self, config: Any, started: Any) -> None:
        self.config = config
        started(4321)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Started:
    found = Started()
    monkeypatch.setattr("masquerade.service.running.run", found)
    return found


def test_it_says_where_it_is_and_what_that_means(masquerade: Run, started: Started) -> None:
    told = masquerade("serve")
    assert told.code == 0
    assert "http://127.0.0.1:4321/" in told.err
    assert "nobody is identified, no photo is kept" in told.err
    assert started.config.keys_wanted is False
    told = masquerade("serve", "--host", "::", "--port", "0")
    assert "http://[::]:4321/" in told.err
    assert "without TLS" in told.err
    assert started.config.keys_wanted is True
    told = masquerade("serve", "--proxy", "127.0.0.1")  # whoever reaches the proxy reaches the service
    assert "only this machine" not in told.err
    assert started.config.keys_wanted is True
    told = masquerade("serve", "--host", "192.0.2.1", "--no-keys")
    assert "WARNING" in told.err
    assert started.config.keys_wanted is False


def test_options_reach_the_service_and_secrets_do_not_reach_the_screen(masquerade: Run, started: Started) -> None:
    told = masquerade(
        "serve",
        *("--camera", "rtsp://user:geheim@192.0.2.9/live?token=abc", "--events", "e.jsonl", "--alerts", "a.toml"),
        *("--allow-host", "door.example", "--proxy", "192.0.2.1", "--certfile", "c.pem", "--keyfile", "k.pem"),
        *("--stop-timeout", "3", "--keys"),
    )
    config = started.config
    assert (config.camera, config.events, config.alerts) == (
        "rtsp://user:geheim@192.0.2.9/live?token=abc",
        Path("e.jsonl"),
        Path("a.toml"),
    )
    assert (config.allow_hosts, config.proxies, config.stop_timeout) == (("door.example",), ("192.0.2.1",), 3.0)
    assert config.keys_wanted
    assert "https://127.0.0.1:4321/" in told.err
    assert "geheim" not in told.err
    assert "abc" not in told.err


def test_a_certificate_without_its_key_is_refused(masquerade: Run, tmp_path: Path) -> None:
    certificate = tmp_path / "c.pem"
    certificate.write_text("")
    told = masquerade("serve", "--certfile", certificate)
    assert (told.code, "[settings_invalid]" in told.err) == (2, True)
    told = masquerade("serve", "--certfile", tmp_path / "none.pem", "--keyfile", certificate)
    assert (told.code, "there is no certificate" in told.err) == (2, True)
