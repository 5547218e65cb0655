"""What an address names, and that no secret is shown."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from masquerade.errors import SourceError, SourceInvalid, SourceNotFound, SourceUnreadable
from masquerade.live.sources import SourceOptions, open_source
from masquerade.live.sources.addresses import Kind, parse_address


@pytest.mark.parametrize(
    ("address", "kind", "target", "label"),
    [
        ("0", Kind.WEBCAM, "0", "webcam 0"),
        ("/dev/video2", Kind.WEBCAM, "2", "webcam 2"),
        ("-", Kind.STDIN, "-", "standard input"),
        ("rtsp://10.0.0.7/door", Kind.NETWORK, "rtsp://10.0.0.7/door", "rtsp://10.0.0.7/door"),
        ("RTSP://Cam:8554/a", Kind.NETWORK, "rtsp://Cam:8554/a", "rtsp://cam:8554/a"),
        ("HttpS://host/Film.mp4", Kind.FILM, "https://host/Film.mp4", "https://host/Film.mp4"),
        ("http://[fe80::1]:80/v", Kind.NETWORK, "http://[fe80::1]:80/v", "http://[fe80::1]:80/v"),
        ("https://host/a/film.MP4", Kind.FILM, "https://host/a/film.MP4", "https://host/a/film.MP4"),
        ("rtsp://host/film.mp4", Kind.NETWORK, "rtsp://host/film.mp4", "rtsp://host/film.mp4"),
    ],
)
def test_kinds(address: str, kind: Kind, target: str, label: str) -> None:
    parsed = parse_address(address)
    assert (parsed.kind, parsed.target, parsed.label) == (kind, target, label)


def test_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "film.avi").write_bytes(b"x")
    (tmp_path / "0").write_bytes(b"x")
    (tmp_path / "concat:a|b").write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    for name in ("film.avi", "./0", "concat:a|b"):
        parsed = parse_address(name)
        assert parsed.kind is Kind.FILM
        assert parsed.target == str(tmp_path / Path(name).name)  # absolute: no protocol of ffmpeg's
        assert parsed.label == name
    assert parse_address(str(tmp_path)).kind is Kind.FOLDER


SECRET_ADDRESSES = [
    # address, what must not be seen, what stays
    ("rtsp://admin:geheim99@10.0.0.7:554/a", ["admin", "geheim99"], "rtsp://10.0.0.7:554/a"),
    ("rtsp://admin@10.0.0.7/a", ["admin"], "rtsp://10.0.0.7/a"),
    ("rtsp://us%40er:p%3Ass@host/a", ["us%40er", "us@er", "p%3Ass", "p:ss"], "rtsp://host/a"),
    ("rtsp://user:p@ss@host/a", ["p@ss"], "rtsp://host/a"),
    ("http://h/v?channel=1&token=abcdef", ["abcdef"], "http://h/v?channel=1&token=***"),
    ("http://h/v?loginuse=admin&loginpas=88888888", ["admin", "88888888"], "http://h/v?loginuse=***&loginpas=***"),
    ("http://h/v?c0ffee42", ["c0ffee42"], "http://h/v?***"),
    ("http://h/v?id=a%20long%20secret", ["a%20long%20secret", "a long secret"], "http://h/v?id=***"),
    ("http://h/v#frag-secret", ["frag-secret"], "http://h/v"),
    ("rtsp://h/user=admin_password=tlJwpbo6_channel=1_stream=0.sdp", ["admin", "tlJwpbo6"], "channel=1_stream=0.sdp"),
    ("rtsps://h:7441/aB3dE6gH9jK2mN5p?enableSrtp", ["aB3dE6gH9jK2mN5p"], "rtsps://h:7441/***"),
]


@pytest.mark.parametrize(("address", "secrets", "shown"), SECRET_ADDRESSES, ids=lambda value: str(value)[:30])
def test_secrets_are_not_shown(address: str, secrets: list[str], shown: str) -> None:
    parsed = parse_address(address)
    assert parsed.target == address
    assert shown in parsed.label
    said = parsed.scrub(f"[tcp] Connection to {address} failed; {' '.join(secrets)}: Connection refused")
    for text in (parsed.label, repr(parsed), said):
        assert not [secret for secret in secrets if secret in text], text
    assert said.endswith("Connection refused")


@pytest.mark.parametrize(
    "address",
    [
        "rtsp://user:pa/ss@host/a",  # the slash ends the host, so that "pa" is its port
        "rtsp://user:geheim@host:port/a",
        "rtsp://",
        "http://user:geheim@:80/a",
        "http://user:geheim@[::1/a",
        "http://user:geheim@host/a b",
        "rtmp://user:geheim@host/a",
        "file:///etc/passwd",
        "",
        "a\0b",
        "12345",
    ],
)
def test_addresses_that_cannot_be(address: str) -> None:
    with pytest.raises(SourceInvalid) as caught:
        parse_address(address)
    assert "geheim" not in str(caught.value)
    assert "pa/ss" not in str(caught.value)


def test_paths_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFound):
        parse_address(str(tmp_path / "absent.avi"))
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(SourceNotFound):
        parse_address(str(tmp_path / "file" / "below.avi"))
    (tmp_path / "empty.avi").touch()
    with pytest.raises(SourceUnreadable, match="empty"):
        parse_address(str(tmp_path / "empty.avi"))
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceUnreadable, match="neither"):
        parse_address(str(tmp_path / "pipe"))


@pytest.mark.parametrize(
    "options",
    [
        {"open_timeout": 0},
        {"stall_after": float("nan")},
        {"read_timeout": 1.0},  # below stall_after
        {"backoff_most": 0.1},
        {"frozen_after": -1},
        {"stdin_fps": 0},
        {"max_pixels": 0},
        {"transport": "pigeon"},
        {"no_such_option": 1},
    ],
    ids=str,
)
def test_options_that_cannot_be(options: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(SourceInvalid):
        open_source(tmp_path, **options)


def test_options_are_changed_one_by_one() -> None:
    options = SourceOptions.of(SourceOptions(loop=True), {"stall_after": 1.0})
    assert options == SourceOptions(loop=True, stall_after=1.0)
    assert issubclass(SourceInvalid, SourceError)
