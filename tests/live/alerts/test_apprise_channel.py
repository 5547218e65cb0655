"""Apprise, through its own JSON service to a real HTTP server."""

from __future__ import annotations

import logging
from contextlib import closing

import pytest

from masquerade.errors import AlertsInvalid, ExtraMissing
from masquerade.live.alerts import AlertsConfig, DeliveryFailed
from masquerade.live.alerts.channels import make_channel
from masquerade.live.alerts.channels.apprise import AppriseChannel
from masquerade.live.alerts.kinds import AppriseConfig
from tests.live.alerts.made_alerts import alert, receiver

pytest.importorskip("apprise", reason="the extra [watch] is not installed")
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # apprise's own


def described(url: str) -> AppriseConfig:
    return AppriseConfig.model_validate({"kind": "apprise", "url": url, "timeout": 30})


def test_one_notification_an_attempt_and_no_secret_in_the_logs(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with receiver() as server:
        config = described(f"json://user:T0PS3CRET-pass@127.0.0.1:{server.port}/T0PS3CRET-path?+X=T0PS3CRET-head")
        redactor = AlertsConfig(channels={"phone": config}).redactor()
        redactor.guard()
        try:
            with closing(AppriseChannel(config, "es")) as channel:
                channel.send(alert(1))
                server.answers = [(500, {})]
                with pytest.raises(DeliveryFailed, match="did not take it") as failure:
                    channel.send(alert(2))
        finally:
            redactor.release()
        assert len(server.requests) == 2
        assert server.requests[0].json["message"].startswith("Alguien no lleva mascarilla: door, ")
        assert server.requests[0].json["title"] == "Alguien no lleva mascarilla"
    assert not failure.value.surely
    assert "T0PS3CRET" in server.requests[0].path
    assert caplog.records
    assert "T0PS3CRET" not in caplog.text


def test_an_address_that_apprise_does_not_know() -> None:
    with pytest.raises(AlertsInvalid, match="channel phone: url: apprise knows no such address as pigeon://") as error:
        make_channel("phone", described("pigeon://T0PS3CRET/"), "en")
    assert "T0PS3CRET" not in str(error.value)


@pytest.mark.parametrize(
    ("package", "words"),
    [
        ("apprise", {"kind": "apprise", "url": "json://a"}),
        ("httpx", {"kind": "webhook", "url": "https://a/"}),
        ("aiomqtt", {"kind": "mqtt", "host": "a"}),
    ],
)
def test_an_extra_that_is_missing_is_named(
    package: str, words: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from pydantic import TypeAdapter

    from masquerade.live.alerts.kinds import AnyChannel

    monkeypatch.setitem(__import__("sys").modules, package, None)
    with pytest.raises(ExtraMissing, match=rf"channel a: .*{package} .*pip install -e .\.\[watch\]"):
        make_channel("a", TypeAdapter(AnyChannel).validate_python(words), "en")
