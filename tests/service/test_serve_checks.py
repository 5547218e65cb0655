"""What ``serve`` is started with: each mistake is told by its own name, before anything is opened."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import uvicorn
from uvicorn.middleware.proxy_headers import _TrustedHosts

from masquerade.errors import AddressUnusable, MasqueradeError, ServeUnsafe, SettingsInvalid
from masquerade.service import ServiceConfig
from masquerade.service.access.keys import KeyFile
from masquerade.service.checking import check, listening, trusted
from masquerade.service.running import _signals_survived
from tests.live.sources.authority import HAS_OPENSSL, OPENSSL, Authority
from tests.service.serving import PATIENCE


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one.crt, one.key, other.key, and locked.key, which has a password."""
    if not HAS_OPENSSL:
        pytest.skip("needs openssl")
    folder = tmp_path_factory.mktemp("pem")
    authority = Authority(folder)
    authority.certificate("one")
    authority.certificate("other")
    lock = [str(OPENSSL), "pkey", "-in", "one.key", "-aes256", "-passout", "pass:secret", "-out", "locked.key"]
    subprocess.run(lock, cwd=folder, check=True, capture_output=True)
    (folder / "text.pem").write_text("no PEM")
    (folder / "empty.pem").touch()
    return folder


def told(config: ServiceConfig) -> str:
    with pytest.raises(MasqueradeError) as refused:
        check(config)
    assert isinstance(refused.value, SettingsInvalid | AddressUnusable | ServeUnsafe)
    return f"[{refused.value.code}] {refused.value}"


@pytest.mark.parametrize(
    ("certificate", "key", "why"),
    [
        ("one.key", "one.crt", "something else"),
        ("one.crt", "other.key", "another certificate"),
        ("one.crt", "locked.key", "password"),
        ("one.crt", "text.pem", "something else"),
        ("text.pem", "one.key", "something else"),
        ("empty.pem", "one.key", "something else"),
        ("one.crt", "none.key", "there is no private key"),
    ],
)
def test_certificates_that_cannot_be_used(pem: Path, certificate: str, key: str, why: str) -> None:
    words = told(ServiceConfig(certfile=pem / certificate, keyfile=pem / key))
    assert words.startswith("[settings_invalid]")
    assert why in words


def test_a_certificate_that_can_be_used(pem: Path) -> None:
    check(ServiceConfig(certfile=pem / "one.crt", keyfile=pem / "one.key"))
    check(ServiceConfig(certfile=pem / "one.pem", keyfile=pem / "one.pem"))  # both in one file


@pytest.mark.parametrize("host", ["300.1.1.1", "a..b", "", "nowhere.invalid", "192.0.2.77"])
def test_a_host_that_is_none_is_told_before_anything_of_keys(host: str, tmp_path: Path) -> None:
    words = told(ServiceConfig(host=host, keys_file=tmp_path / "keys.json"))
    assert words.startswith(f"[address_unusable] {host}: ")
    assert "key" not in words


@pytest.mark.parametrize("proxy", ["nonsense", "*", "10.0.0.1/8", "http://10.0.0.1", "10.0.0.1:80"])
def test_a_proxy_that_is_no_address(proxy: str, tmp_path: Path) -> None:
    words = told(ServiceConfig(proxies=(proxy,), keys_file=tmp_path / "keys.json"))
    assert words.startswith(f"[settings_invalid] proxy '{proxy}': ")


def test_each_reason_to_ask_for_keys_is_told(tmp_path: Path) -> None:
    none = tmp_path / "keys.json"
    everywhere = ServiceConfig(host="0.0.0.0", keys_file=none)  # noqa: S104 - nothing is served
    assert "0.0.0.0 can be reached by others" in told(everywhere)
    assert "through the proxy" in told(ServiceConfig(proxies=("192.0.2.1",), keys_file=none))
    assert "[serve_unsafe] keys are asked for" in told(ServiceConfig(keys=True, keys_file=none))
    check(ServiceConfig(proxies=("192.0.2.1",), keys=False, keys_file=none))
    KeyFile(none).add("door", ("watch",))
    check(everywhere)


def test_events_of_no_camera(tmp_path: Path) -> None:
    words = told(ServiceConfig(events=tmp_path / "e.jsonl"))
    assert "[settings_invalid]" in words
    assert "--camera" in words
    assert list(tmp_path.iterdir()) == []


def test_proxies_are_known_where_ipv4_comes_as_ipv6() -> None:
    hosts = _TrustedHosts(trusted(("10.1.2.3", "192.0.2.0/24", "2001:db8::/32")))
    for address in ("10.1.2.3", "::ffff:10.1.2.3", "192.0.2.9", "::ffff:192.0.2.9", "2001:db8::1"):
        assert address in hosts
    for address in ("10.1.2.4", "::ffff:10.1.2.4", "::ffff:192.0.3.9", "2001:db9::1", "::1"):
        assert address not in hosts


def test_a_port_that_is_taken_is_said_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(AddressUnusable) as refused:
            listening("127.0.0.1", port)
    assert str(refused.value) == (f"127.0.0.1, port {port}: Address already in use (--host and --port name another)")


def test_brackets_around_an_address_are_no_matter() -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    with listening("[::1]", 0) as listener:
        assert listener.getsockname()[0] == "::1"


LACKING = """
import sys
import masquerade.service
from masquerade.errors import ExtraMissing
for package in sys.argv[1:]:
    for name in list(sys.modules):
        if name.startswith((package, "masquerade.service.", "uvicorn.", "websockets")):
            del sys.modules[name]
    sys.modules[package] = None
    try:
        masquerade.service.run
    except ExtraMissing as error:
        print(error)
    del sys.modules[package]
"""


def test_what_is_not_installed_is_named() -> None:
    packages = ["websockets", "python_multipart", "prometheus_client", "uvicorn", "fastapi"]
    told = subprocess.run(
        [sys.executable, "-c", LACKING, *packages], capture_output=True, text=True, check=True, timeout=PATIENCE
    ).stdout.splitlines()
    assert [line.split(" (")[0] for line in told] == [f"the service needs {package}" for package in packages]
    assert all("[serve]" in line for line in told)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_the_end_of_the_terminal_ends_it_unless_that_is_ignored() -> None:
    server = uvicorn.Server(uvicorn.Config(lambda: None))
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as under nohup
    try:
        with _signals_survived(server):
            signal.raise_signal(signal.SIGHUP)
            assert not server.should_exit
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        with _signals_survived(server):
            signal.raise_signal(signal.SIGHUP)
            assert server.should_exit
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGHUP, before)
