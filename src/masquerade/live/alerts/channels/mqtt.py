"""Alerts to an MQTT broker, and how things are at the door, for Home Assistant and others."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Callable
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from masquerade.live.alerts.channels.extra import need
from masquerade.live.alerts.channels.home_assistant import OFFLINE, ONLINE, device_of, topics_of
from masquerade.live.alerts.channels.trust import trusted
from masquerade.live.alerts.courier import Pace
from masquerade.live.alerts.kinds import MqttConfig
from masquerade.live.alerts.messages import message_of
from masquerade.live.alerts.types import Alert, DeliveryFailed, Door

if TYPE_CHECKING:
    import aiomqtt

KEEP_ALIVE = 15
"""Seconds after which a silent broker is asked whether it is there."""
LEAST_BETWEEN = 0.5
"""Seconds between two messages of how things are."""
BACK_OFF = Pace(first=0.5, most=30.0)


class Mqtt:
    """Keeps a connection of its own in a thread, made again whenever it is lost.

    Attributes:
        trouble: why there is no connection; empty while there is one, and before the first attempt has ended.
    """

    def __init__(self, config: MqttConfig, language: str, *, on_ready: Callable[[], object] = lambda: None) -> None:
        """Make a channel; ``on_ready`` is called whenever a connection is there.

        Raises:
            ExtraMissing: aiomqtt is not installed.
            AlertsInvalid: the file of certificates cannot be used.
        """
        need("aiomqtt", "channels of MQTT")
        self._config, self._language, self._on_ready = config, language, on_ready
        self._topics = topics_of(config)
        self._tls = trusted(config.ca_file) if config.tls else None
        self._door = Door()
        self._client: aiomqtt.Client | None = None
        self.trouble = ""
        self._connected = threading.Condition()
        self._stopping = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed = asyncio.Event()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="alerts-mqtt", daemon=True)

    def start(self) -> None:
        """Connect and stay connected: say what there is, and how things are."""
        self._loop = asyncio.SelectorEventLoop()  # the only one that aiomqtt works with on Windows
        self._thread.start()

    def send(self, alert: Alert) -> None:
        """Publish an alert with QoS 1 and wait until the broker has it.

        Raises:
            DeliveryFailed: there is no connection within the time-out, or the broker does not confirm.
        """
        import aiomqtt  # noqa: PLC0415 - an extra

        kind = "test" if alert.test else alert.wearing
        body = {"event_type": kind, **alert.to_dict(), "message": message_of(alert, self._language)}
        try:
            if self._loop is None:
                self._send_once(body)
            else:
                client = self._connection()
                future = asyncio.run_coroutine_threadsafe(self._publish(client, "alert", body), self._loop)
                future.result(self._config.timeout + 1)
        except TimeoutError:
            raise DeliveryFailed("the broker does not confirm") from None
        except aiomqtt.MqttError as error:
            raise DeliveryFailed(f"the broker does not confirm: {error}") from None

    def _send_once(self, body: dict[str, Any]) -> None:
        """Send over a connection of its own, which says nothing of the door; a watch may be doing that."""

        async def send() -> None:
            async with self._new_client(present=False) as client:
                await self._publish(client, "alert", body)

        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(send())

    def door(self, door: Door) -> None:
        """Take how things are now; published when they changed, and not more often than twice a second."""
        if door != self._door:
            self._door = door
            if self._loop is not None and not self._stopping:
                self._loop.call_soon_threadsafe(self._changed.set)

    def close(self) -> None:
        """Say that the door is not watched any more, and disconnect."""
        if self._loop is not None and not self._stopping:
            self._stopping = True
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(self._config.timeout + 6)

    def _connection(self) -> aiomqtt.Client:
        with self._connected:
            self._connected.wait_for(lambda: self._client is not None, self._config.timeout)
            if self._client is None:
                raise DeliveryFailed(self.trouble or "no connection to the broker yet", surely=True)
            return self._client

    def _run(self) -> None:
        loop = self._loop
        assert loop is not None  # noqa: S101 - made before the thread starts
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(self._stay_connected())

    async def _stay_connected(self) -> None:
        attempts = 0
        while not self._stop.is_set():
            try:
                async with self._new_client() as client:
                    await self._greet(client)
                    attempts = 0
                    self._set(client)
                    await self._attend(client)
            except Exception as error:  # noqa: BLE001 - whatever it is, it may pass
                self.trouble = f"no connection to the broker: {str(error) or type(error).__name__}"
            finally:
                self._set(None)
            attempts += 1
            await self._unless_stopped(BACK_OFF.wait(attempts, 0.0))

    def _new_client(self, *, present: bool = True) -> aiomqtt.Client:
        import aiomqtt  # noqa: PLC0415 - an extra

        config = self._config
        return aiomqtt.Client(
            config.host,
            config.port_used,
            username=config.username,
            password=config.password.get_secret_value() if config.password else None,
            will=aiomqtt.Will(self._topics["availability"], OFFLINE, qos=1, retain=True) if present else None,
            keepalive=KEEP_ALIVE,
            timeout=config.timeout,
            tls_context=self._tls,
            logger=logging.getLogger("mqtt"),
        )

    async def _greet(self, client: aiomqtt.Client) -> None:
        """Say what there is, that it is there, and how things are; all of it kept by the broker."""
        if self._config.discovery:
            await self._publish(client, "discovery", device_of(self._config, _version()), retain=True)
        await client.publish(self._topics["availability"], ONLINE, qos=1, retain=True)
        await self._publish(client, "state", asdict(self._door), retain=True)

    async def _attend(self, client: aiomqtt.Client) -> None:
        """Publish changes until the connection is lost or the door is not watched any more."""
        tasks = [asyncio.create_task(self._listen(client)), asyncio.create_task(self._show(client))]
        stop = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait([*tasks, stop], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*tasks, stop):
                task.cancel()
            ends = await asyncio.gather(*tasks, stop, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception) and not self._stop.is_set():  # the farewell is tried all the same
                raise end
        await self._publish(client, "state", asdict(self._door), retain=True)
        await client.publish(self._topics["availability"], OFFLINE, qos=1, retain=True)

    async def _listen(self, client: aiomqtt.Client) -> None:
        """Say everything anew when Home Assistant has started; also notices when the connection is lost."""
        if self._config.discovery:
            await client.subscribe(self._topics["greeting"], qos=1)
        async for message in client.messages:
            if message.payload == ONLINE.encode() and not message.retain:
                await self._greet(client)

    async def _show(self, client: aiomqtt.Client) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            await self._publish(client, "state", asdict(self._door), retain=True)
            await asyncio.sleep(LEAST_BETWEEN)

    async def _publish(self, client: aiomqtt.Client, topic: str, body: dict[str, Any], *, retain: bool = False) -> None:
        await client.publish(self._topics[topic], json.dumps(body, ensure_ascii=False), qos=1, retain=retain)

    async def _unless_stopped(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stop.wait(), seconds)
        except TimeoutError:
            return

    def _set(self, client: aiomqtt.Client | None) -> None:
        with self._connected:
            self._client = client
            self._connected.notify_all()
        if client is not None:
            self.trouble = ""
            self._on_ready()


def _version() -> str:
    try:
        return version("masquerade")
    except PackageNotFoundError:  # run from its sources
        return "0"
