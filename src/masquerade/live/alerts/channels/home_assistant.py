"""What Home Assistant is told of the door: one message that describes a device with all its entities.

After "MQTT device discovery payload" of https://www.home-assistant.io/integrations/mqtt/ (since version 2024.12).
"""

from __future__ import annotations

from typing import Any

from masquerade.live.alerts.kinds import MqttConfig

ONLINE, OFFLINE = "online", "offline"
EVENT_TYPES = ("without_mask", "incorrect", "test")
"""Kinds of the event entity, told by ``event_type``."""
MEASURED = {
    # key of the state: name, icon
    "people": ("People", "mdi:account-group"),
    "with_mask": ("With mask", "mdi:face-mask"),
    "without_mask": ("Without mask", "mdi:face-mask-outline"),
    "incorrect": ("Mask worn wrongly", "mdi:account-alert"),
}
COUNTED = {
    "entered": ("Entered", "mdi:counter"),
    "alerts": ("Alerts", "mdi:bell"),
}


def topics_of(config: MqttConfig) -> dict[str, str]:
    """Give the topics: ``availability``, ``state``, ``alert``, and where Home Assistant listens and greets."""
    base, prefix = config.topic, config.discovery_prefix
    return {
        "availability": f"{base}/availability",
        "state": f"{base}/state",
        "alert": f"{base}/alert",
        "discovery": f"{prefix}/device/{config.device_id}/config",
        "greeting": f"{prefix}/status",
    }


def device_of(config: MqttConfig, version: str) -> dict[str, Any]:
    """Describe the device and its entities.

    Args:
        config: the channel.
        version: this program's.
    """
    topics = topics_of(config)
    return {
        "device": {
            "identifiers": [f"masquerade_{config.device_id}"],
            "name": config.name,
            "manufacturer": "Masquerade",
            "model": "Mask watch",
            "sw_version": version,
        },
        "origin": {"name": "masquerade", "sw_version": version},
        "availability_topic": topics["availability"],
        "payload_available": ONLINE,
        "payload_not_available": OFFLINE,
        "state_topic": topics["state"],
        "qos": 1,
        "components": {
            key: part | {"unique_id": f"masquerade_{config.device_id}_{key}"}
            for key, part in _components(topics["alert"]).items()
        },
    }


def _components(alert_topic: str) -> dict[str, dict[str, Any]]:
    return {
        "occupied": _binary("Somebody there", "occupancy", "value_json.people > 0"),
        "problem": _binary("Mask missing or wrong", "problem", "value_json.without_mask + value_json.incorrect > 0"),
        "camera": _binary("Camera", "connectivity", "value_json.source == 'online'")
        | {"entity_category": "diagnostic"},
        **{key: _sensor(key, *words, "measurement") for key, words in MEASURED.items()},
        **{key: _sensor(key, *words, "total_increasing") for key, words in COUNTED.items()},
        "alert": {
            "platform": "event",
            "name": "Alert",
            "icon": "mdi:bell-alert",
            "state_topic": alert_topic,
            "event_types": list(EVENT_TYPES),
        },
    }


def _binary(name: str, device_class: str, condition: str) -> dict[str, Any]:
    return {
        "platform": "binary_sensor",
        "name": name,
        "device_class": device_class,
        "value_template": f"{{{{ 'ON' if {condition} else 'OFF' }}}}",
    }


def _sensor(key: str, name: str, icon: str, state_class: str) -> dict[str, Any]:
    return {
        "platform": "sensor",
        "name": name,
        "icon": icon,
        "state_class": state_class,
        "value_template": f"{{{{ value_json.{key} }}}}",
    }
