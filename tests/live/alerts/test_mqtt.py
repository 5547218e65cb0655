"""MQTT against a real broker, which is killed and comes back."""

from __future__ import annotations

import asyncio
import getpass
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from masquerade.live.alerts import Alerts, AlertsConfig, DeliveryFailed, Door, Outbox
from masquerade.live.alerts.channels.home_assistant import EVENT_TYPES, device_of, topics_of
from masquerade.live.alerts.channels.mqtt import Mqtt
from masquerade.live.alerts.kinds import MqttConfig
from tests.live.alerts.made_alerts import NOON, PATIENCE, alert, event, until

aiomqtt = pytest.importorskip("aiomqtt", reason="the extra [watch] is not installed")

BROKER = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
needs_broker = pytest.mark.skipif(BROKER is None, reason="mosquitto is not installed")


class Broker:
    """A mosquitto on a free port, with what it was sent."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.messages: list[tuple[str, bytes, bool]] = []
        self.process: subprocess.Popen[bytes] | None = None
        self._ear: threading.Thread | None = None
        self._deaf = threading.Event()

    def start(self, *lines: str) -> None:
        assert BROKER is not None
        config = self.folder / "mosquitto.conf"
        anonymous = [] if any(line.startswith("password_file") for line in lines) else ["allow_anonymous true"]
        config.write_text(
            "\n".join([f"listener {self.port} 127.0.0.1", f"user {getpass.getuser()}", *anonymous, *lines, ""]),
            encoding="utf-8",
        )
        self.process = subprocess.Popen([BROKER, "-c", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def listens() -> bool:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.port)) == 0

        until(listens)

    def kill(self) -> None:
        if self.process is not None:
            os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def listen(self, **words: Any) -> None:
        """Keep every message from now on, and what is retained."""
        heard = threading.Event()
        self._deaf.clear()

        async def keep() -> None:
            async with aiomqtt.Client("127.0.0.1", self.port, **words) as client:
                await client.subscribe("#", qos=1)
                heard.set()
                async for message in client.messages:
                    self.messages.append((str(message.topic), bytes(message.payload), message.retain))

        async def until_deaf() -> None:
            task = asyncio.create_task(keep())
            while not self._deaf.is_set() and not task.done():
                await asyncio.sleep(0.02)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        self._ear = threading.Thread(target=lambda: asyncio.run(until_deaf()), daemon=True)
        self._ear.start()
        assert heard.wait(PATIENCE)

    def close(self) -> None:
        self._deaf.set()
        if self._ear is not None:
            self._ear.join()
        self.kill()

    def of(self, topic: str) -> list[Any]:
        """What came on a topic, read as JSON where it is."""
        bodies = [body.decode() for name, body, _ in list(self.messages) if name == topic]
        return [json.loads(body) if body[:1] in "{[" else body for body in bodies]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    running = Broker(tmp_path)
    with closing(running):
        yield running


def started(config: MqttConfig, language: str = "en") -> Mqtt:
    channel = Mqtt(config, language)
    channel.start()
    return channel


def described(broker: Broker, **words: object) -> MqttConfig:
    return MqttConfig.model_validate({"kind": "mqtt", "host": "127.0.0.1", "port": broker.port, "timeout": 30, **words})


@needs_broker
def test_an_alert_and_the_state_of_the_door(broker: Broker) -> None:
    broker.start()
    broker.listen()
    config = described(broker)
    topics = topics_of(config)
    with closing(started(config, "fr")) as channel:
        channel.send(alert(3, "incorrect"))
        channel.door(Door("online", 2, 1, 0, 1, 5, 1))
        until(lambda: len(broker.of(topics["state"])) == 2)
    until(lambda: broker.of(topics["availability"]) == ["online", "offline"])
    assert broker.of(topics["alert"]) == [
        {
            "event_type": "incorrect",
            **alert(3, "incorrect").to_dict(),
            "message": broker.of(topics["alert"])[0]["message"],
        }
    ]
    assert broker.of(topics["alert"])[0]["message"].startswith("Une personne porte mal son masque: door, ")
    assert broker.of(topics["state"])[1] == {
        "source": "online", "people": 2, "with_mask": 1, "without_mask": 0, "incorrect": 1, "entered": 5, "alerts": 1,
    }  # fmt: skip
    broker.messages.clear()
    broker.listen()  # a newcomer is told what is retained, and no alert of the past
    until(lambda: len(broker.messages) >= 3)
    retained = {topic: body for topic, body, kept in broker.messages if kept}
    assert retained.keys() == {topics["availability"], topics["state"], topics["discovery"]}
    assert retained[topics["availability"]] == b"offline"


@needs_broker
def test_trying_it_out_says_nothing_of_the_door(broker: Broker) -> None:
    broker.start()
    broker.listen()
    with closing(Mqtt(described(broker), "en")) as channel:  # a watch may be running beside it
        channel.door(Door("online"))
        channel.send(alert(1))
    until(lambda: broker.messages)
    assert {topic for topic, _, _ in broker.messages} == {"masquerade/door/alert"}


@needs_broker
def test_the_last_state_is_published(broker: Broker) -> None:
    broker.start()
    broker.listen()
    with closing(started(described(broker))) as channel:
        until(lambda: broker.of("masquerade/door/state"))
        for state in ("online", "stalled", "ended"):  # quicker than they are published
            channel.door(Door(state))
    until(lambda: broker.of("masquerade/door/availability")[-1:] == ["offline"])
    assert broker.of("masquerade/door/state")[-1]["source"] == "ended"


@needs_broker
def test_a_killed_process_is_told_by_its_will(broker: Broker) -> None:
    broker.start()
    broker.listen()
    code = (
        "import sys, time\n"
        "from masquerade.live.alerts.channels.mqtt import Mqtt\n"
        "from masquerade.live.alerts.kinds import MqttConfig\n"
        "Mqtt(MqttConfig(kind='mqtt', host='127.0.0.1', port=int(sys.argv[1])), 'en').start()\n"
        "time.sleep(600)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(broker.port)])
    until(lambda: broker.of("masquerade/door/availability") == ["online"])
    process.kill()
    process.wait()
    until(lambda: broker.of("masquerade/door/availability") == ["online", "offline"])


@needs_broker
def test_a_broker_that_is_killed_and_comes_back(broker: Broker, tmp_path: Path) -> None:
    broker.start()
    config = AlertsConfig(channels={"home": described(broker, timeout=0.5, retry_first=600, retry_most=600)})
    said: list[str] = []
    with Alerts(config, Outbox(tmp_path / "outbox"), say=said.append, calm=0) as alerts:
        broker.listen()
        alerts.take(event(1), at=NOON, source="door")
        until(lambda: len(broker.of("masquerade/door/alert")) == 1)
        broker._deaf.set()
        broker.kill()
        begin = time.perf_counter()
        alerts.take(event(2), at=NOON, source="door")
        alerts.door(Door("online", 1, entered=7))
        assert time.perf_counter() - begin < 5  # the watch goes on
        until(lambda: said)
        broker.start()
        broker.listen()
        # it does not wait for the ten minutes of retry_first: the connection is back
        until(lambda: [one["person"] for one in broker.of("masquerade/door/alert")] == [1, 2])
        until(lambda: {"people": 1, "entered": 7}.items() <= broker.of("masquerade/door/state")[-1].items())
        until(lambda: broker.of("homeassistant/device/masquerade_door/config"))
        until(lambda: not alerts.outages)
    assert said[0].startswith("alerts to home do not go out: ")
    assert said[-1] == "alerts to home go out again"


@needs_broker
def test_home_assistant_starts_and_is_told_anew(broker: Broker) -> None:
    broker.start()
    broker.listen()
    config = described(broker)
    with closing(started(config)):
        topic = topics_of(config)["discovery"]
        until(lambda: broker.of(topics_of(config)["state"]))
        seen = len(broker.of(topic))

        async def greet() -> None:
            async with aiomqtt.Client("127.0.0.1", broker.port) as client:
                await client.publish("homeassistant/status", "online", qos=1)

        def told_anew() -> bool:
            asyncio.run(greet())  # again and again: its first words may come before the channel listens
            time.sleep(0.1)
            return len(broker.of(topic)) > seen

        until(told_anew)


@needs_broker
def test_a_password_that_is_wrong(broker: Broker, tmp_path: Path) -> None:
    tool = shutil.which("mosquitto_passwd")
    if tool is None:
        pytest.skip("mosquitto_passwd is not installed")
    passwords = tmp_path / "passwords"
    subprocess.run([tool, "-b", "-c", passwords, "door", "right-one"], check=True, capture_output=True)
    broker.start(f"password_file {passwords}")
    wrong, right = {"username": "door", "password": "s3cr3t-wrong"}, {"username": "door", "password": "right-one"}
    with closing(started(described(broker, timeout=1, **wrong))) as channel:
        with pytest.raises(DeliveryFailed, match="no connection") as failure:
            channel.send(alert(1))
        assert re.search("[Aa]uthori[sz]ed", str(failure.value))
        assert "s3cr3t-wrong" not in str(failure.value)
        assert failure.value.surely and not failure.value.permanent
    with closing(started(described(broker, **right))) as channel:
        channel.send(alert(1))


def test_no_broker_at_all(tmp_path: Path) -> None:
    nowhere = Broker(tmp_path)
    with closing(started(described(nowhere, timeout=0.2))) as channel:
        with pytest.raises(DeliveryFailed, match="no connection to the broker: "):
            channel.send(alert(1))
        channel.door(Door("online"))


def test_a_broker_that_hangs() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        config = MqttConfig(kind="mqtt", host="127.0.0.1", port=silent.getsockname()[1], timeout=0.2)
        with closing(started(config)) as channel, pytest.raises(DeliveryFailed):
            channel.send(alert(1))


def test_discovery_has_what_home_assistant_wants() -> None:
    """Required fields of the device's payload and of each platform, by Home Assistant's documents."""
    config = MqttConfig(kind="mqtt", host="b", topic="shop/door 1".replace(" ", "-"), name="Shop", device="")
    device = device_of(config, "1.2.3")
    assert topics_of(config)["discovery"] == "homeassistant/device/shop_door-1/config"
    assert device["device"]["identifiers"] and device["origin"]["name"]
    identifiers = [part["unique_id"] for part in device["components"].values()]
    assert len(set(identifiers)) == len(identifiers) == 10
    for part in device["components"].values():
        assert part["platform"] in {"binary_sensor", "sensor", "event"}
        assert part["name"]
        assert (part["platform"] == "event") == ("value_template" not in part)
    assert device["components"]["alert"]["event_types"] == list(EVENT_TYPES)
    assert device["components"]["alert"]["state_topic"] == "shop/door-1/alert"
    fields = {
        match
        for part in device["components"].values()
        for match in re.findall(r"value_json\.(\w+)", part.get("value_template", ""))
    }
    assert fields == {"source", "people", "with_mask", "without_mask", "incorrect", "entered", "alerts"}
