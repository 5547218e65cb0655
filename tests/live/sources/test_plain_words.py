"""What ffmpeg and the system say is said in words that tell what to do."""

from __future__ import annotations

import os

import pytest

from masquerade.live.sources import open_source
from masquerade.live.sources.reader.plain import in_plain_words
from tests.live.sources.looking_on import Watcher


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Connection to tcp://10.0.0.7:554?timeout=0 failed: Connection refused", "check that the camera is on"),
        (f"[Errno 111] {os.strerror(111)}", "nothing listens"),
        ("Connection to tcp://10.0.0.7:554?timeout=0 failed: Connection timed out", "it does not answer"),
        ("timed out", "it does not answer"),
        ("Failed to resolve hostname cam: Name or service not known", "no host of that name"),
        ("method DESCRIBE failed: 401 Unauthorized", "USER:PASSWORD@"),
        ("it answers 401 Unauthorized", "USER:PASSWORD@"),
        ("method DESCRIBE failed: 404 Not Found", "nothing at that path"),
        ("it answers 404 Nothing here", "nothing at that path"),
        ("HTTP error 404 Not Found", "nothing at that path"),
        ("Server returned 403 Forbidden (access denied)", "rights"),
        ("moov atom not found", "cut short"),
        ("No route to host", "check the network"),
    ],
)
def test_known_words_are_made_plain(said: str, told: str) -> None:
    plain = in_plain_words(said)
    assert told in plain
    assert "tcp://" not in plain
    assert "Errno" not in plain
    assert plain.endswith(")")


@pytest.mark.parametrize(
    "said",
    [
        "",
        "it sends no film",
        "port 4010 is odd",
        "error 14042",
        "its pictures have 7404 x 7000 pixels",
        "method SETUP failed: 404x",
        "it answers 503 busy",
    ],
)
def test_others_stay(said: str) -> None:
    assert in_plain_words(said) == said


def test_a_host_that_there_is_not() -> None:
    with open_source("rtsp://no.such.host.invalid/door") as source:
        Watcher(source).until_state("offline")
        assert "check" in source.reason
