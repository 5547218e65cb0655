"""The file of alerts: what it may hold, what is wrong with it in words, and no secret in any of them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from masquerade.errors import AlertsInvalid
from masquerade.live.alerts import EpisodeRecipe, load_alerts
from masquerade.live.alerts.kinds import MqttConfig, WebhookConfig
from masquerade.live.alerts.messages import LANGUAGES, MESSAGES, message_of, title_of
from tests.live.alerts.made_alerts import alert

WHOLE = """
language = "de"
time_zone = "Europe/Berlin"
quiet = ["22:00-06:00", "sun 00:00-24:00"]
hold = 2
clear = 4.5
least_between = 0

[channels.chime]
kind = "sound"
volume = 0.5

[channels.office]
kind = "webhook"
url = "https://hooks.example.org/${PLACE}/T0PS3CRET-PATH"
secret = "${KEY}"
headers = { Authorization = "Bearer ${TOKEN}" }
expire_after = 600
delivery = "at-most-once"

[channels.home]
kind = "mqtt"
host = "broker.lan"
tls = true
username = "door"
password = "file:password.txt"

[channels.phone]
kind = "apprise"
url = "tgram://123456789:abcdefg_hijklmnop/12315544/"
"""
ENVIRON = {"PLACE": "office", "KEY": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "TOKEN": "t0ken-of-mine"}


def written(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "alerts.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    password = folder / "password.txt"
    password.write_text("hunter2-of-mine\n", encoding="utf-8")
    password.chmod(mode)
    return path


def test_everything_that_it_may_hold(tmp_path: Path) -> None:
    config = load_alerts(written(tmp_path, WHOLE), ENVIRON)
    assert config.language == "de"
    assert (config.episodes.hold, config.episodes.clear, config.episodes.least_between) == (2, 4.5, 0)
    assert config.episodes.quiet.holds(datetime(2026, 11, 22, 12, tzinfo=UTC))  # a Sunday
    assert list(config.channels) == ["chime", "office", "home", "phone"]
    office, home = config.channels["office"], config.channels["home"]
    assert isinstance(office, WebhookConfig)
    assert isinstance(home, MqttConfig)
    assert office.url.get_secret_value() == "https://hooks.example.org/office/T0PS3CRET-PATH"
    assert office.headers["Authorization"].get_secret_value() == "Bearer t0ken-of-mine"
    assert (office.expire_after, office.pace.at_most_once) == (600, True)
    assert home.password is not None and home.password.get_secret_value() == "hunter2-of-mine"
    assert (home.port_used, home.device_id) == (8883, "masquerade_door")
    assert config.channels["chime"].pace.at_most_once
    assert config.warnings == ()


def test_an_empty_file_has_the_defaults(tmp_path: Path) -> None:
    config = load_alerts(written(tmp_path, ""), {})
    assert (config.episodes, dict(config.channels), config.language) == (EpisodeRecipe(), {}, "en")


def test_what_others_may_read_is_warned_of(tmp_path: Path) -> None:
    config = load_alerts(written(tmp_path, WHOLE, mode=0o644), ENVIRON)
    assert len(config.warnings) == 2
    assert "password.txt" in config.warnings[0] and "alerts.toml" in config.warnings[1]
    hidden = '[channels.a]\nkind = "webhook"\nurl = "${URL}"\n'
    assert load_alerts(written(tmp_path, hidden, mode=0o644), {"URL": "https://a.example/b"}).warnings == ()


def test_what_goes_unencrypted_is_warned_of(tmp_path: Path) -> None:
    text = '[channels.a]\nkind = "webhook"\nurl = "http://a.example/b"\n'
    text += '[channels.b]\nkind = "mqtt"\nhost = "b"\npassword = "c"\n'
    warnings = load_alerts(written(tmp_path, text), {}).warnings
    assert [warning.split(":")[0] for warning in warnings] == ["channel a", "channel b"]
    local = '[channels.a]\nkind = "webhook"\nurl = "http://127.0.0.1:8080/b"\n'
    assert load_alerts(written(tmp_path, local), {}).warnings == ()


SECRET = "s3cr3t-that-nobody-may-see"  # noqa: S105
WRONG = [
    # a file, what the error names
    ("volume = ]", "no TOML: see line 1, column 10"),
    (
        f'[channels.a]\nkind = "webhook"\nurl = "{SECRET}',
        "no TOML: see ",
    ),
    ("louder = 1", "louder: Extra inputs"),
    ("hold = -1", "hold: "),
    ("hold = nan", "hold: "),
    ('hold = "long"', "hold: "),
    ('language = "tlh"', "language: expected one of en, "),
    ('time_zone = "Mars/Olympus"', "time_zone: 'Mars/Olympus'"),
    ('time_zone = "../../etc/passwd"', "time_zone: "),
    ('quiet = ["22-6"]', "'22-6' is no span"),
    ('quiet = "22:00-06:00"', "quiet: "),
    ("channels = 3", "channels: "),
    ("[channels]\na = 3", "channel a"),
    ("[channels.a]\nvolume = 1", "channel a: Unable to extract tag"),
    ('[channels.a]\nkind = "pigeon"', "channel a: Input tag 'pigeon'"),
    ('[channels."A b"]\nkind = "sound"', "channel 'A b': a name is"),
    ('[channels.a]\nkind = "sound"\nvolume = 2', "channel a, volume: "),
    ('[channels.a]\nkind = "sound"\nsecret = "x"', "channel a, secret: Extra"),
    ('[channels.a]\nkind = "sound"\ndelivery = "twice"', "channel a, delivery: "),
    ('[channels.a]\nkind = "webhook"', "channel a, url: Field required"),
    (f'[channels.a]\nkind = "webhook"\nurl = "ftp://{SECRET}"', "channel a, url: expected an address"),
    (f'[channels.a]\nkind = "webhook"\nurl = "https://[{SECRET}"', "channel a, url: expected an address"),
    (f'[channels.a]\nkind = "webhook"\nurl = ["{SECRET}"]', "channel a, url: "),
    (
        f'[channels.a]\nkind = "webhook"\nurl = "https://a/b"\nsecret = "whsec_{SECRET}"',
        "channel a, secret: what follows",
    ),
    ('[channels.a]\nkind = "webhook"\nurl = "https://a/b"\nsecret = "short"', "channel a, secret: expected a key"),
    (f'[channels.a]\nkind = "webhook"\nurl = "https://a/b"\nheaders = {{ "X Y" = "{SECRET}" }}', "headers: 'X Y'"),
    (f'[channels.a]\nkind = "webhook"\nurl = "https://a/b"\nheaders = {{ X = "a\\r\\n{SECRET}" }}', "headers: 'X'"),
    ('[channels.a]\nkind = "webhook"\nurl = "https://a/b"\nheaders = { Webhook-Id = "1" }', "is set by masquerade"),
    (f'[channels.a]\nkind = "mqtt"\nhost = "b"\npassword = "{SECRET}"\nport = 0', "channel a, port: "),
    ('[channels.a]\nkind = "mqtt"\nhost = "b"\ntopic = "door/#"', "channel a, topic: "),
    ('[channels.a]\nkind = "mqtt"\nhost = ""', "channel a, host: "),
    (f'[channels.a]\nkind = "apprise"\nurl = "{SECRET}"', "channel a, url: expected an address of apprise"),
    ('[channels.a]\nkind = "apprise"\nurl = "${UNSET}"', "channel a, url: the environment variable 'UNSET'"),
    (
        '[channels.a]\nkind = "mqtt"\nhost = "b"\npassword = "file:not-there"',
        "channel a, password: .*not-there cannot be read",
    ),
]


@pytest.mark.parametrize(("text", "named"), WRONG)
def test_what_is_wrong_is_named_and_no_secret_with_it(tmp_path: Path, text: str, named: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(AlertsInvalid, match=named) as error:
        load_alerts(path, {})
    seen = f"{error.value}{error.value!r}{error.value.__cause__}{error.value.__suppress_context__}"
    assert str(path) in str(error.value)
    assert SECRET not in seen
    assert error.value.__context__ is None or error.value.__suppress_context__


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(AlertsInvalid, match="No such file"):
        load_alerts(tmp_path / "none.toml")
    with pytest.raises(AlertsInvalid, match="directory"):
        load_alerts(tmp_path)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(AlertsInvalid, match="UTF-8"):
        load_alerts(tmp_path / "binary")


def test_secrets_are_in_no_representation(tmp_path: Path) -> None:
    config = load_alerts(written(tmp_path, WHOLE), ENVIRON)
    seen = repr(config) + str(config) + "".join(f"{one!r}{one}{one.goes_to}" for one in config.channels.values())
    for secret in ("T0PS3CRET", "MfKQ9r8GKYqr", "t0ken-of-mine", "hunter2", "abcdefg_hijklmnop"):
        assert secret not in seen


REDACTED: list[Any] = [
    # a text, what is left of it
    ("POST https://hooks.example.org/office/T0PS3CRET-PATH failed", "POST *** failed"),
    ("no route to hooks.example.org", "no route to hooks.example.org"),
    ("path /office/T0PS3CRET-PATH", "path /***/***"),
    ("Bearer t0ken-of-mine", "***"),
    ("token 123456789 and abcdefg_hijklmnop", "token *** and ***"),
    ("pass hunter2-of-mine", "pass ***"),
]


@pytest.mark.parametrize(("text", "left"), REDACTED)
def test_texts_are_cleaned(tmp_path: Path, text: str, left: str) -> None:
    assert load_alerts(written(tmp_path, WHOLE), ENVIRON).redactor().clean(text) == left


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_everything(language: str) -> None:
    absent, wrong, test = MESSAGES[language]
    assert len({absent, wrong, test}) == 3
    assert message_of(alert(1), language).startswith(f"{absent}: door, ")
    assert message_of(alert(1, "incorrect"), language).startswith(f"{wrong}: door, ")
    assert title_of(alert(1), language) == absent


def test_certificates_lie_beside_the_file(tmp_path: Path) -> None:
    text = '[channels.{0}]\nkind = "mqtt"\nhost = "a"\nca_file = "{1}"\n'
    file = written(tmp_path, text.format("near", "ca.pem") + text.format("far", "/etc/ca.pem"))
    near, far = load_alerts(file).channels.values()
    assert isinstance(near, MqttConfig) and isinstance(far, MqttConfig)
    assert (near.ca_file, far.ca_file) == (tmp_path / "ca.pem", Path("/etc/ca.pem"))
