"""What a service is started with, looked at before anything is opened: files, addresses, keys."""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
from typing import TYPE_CHECKING

from masquerade.errors import AddressUnusable, ServeUnsafe, SettingsInvalid
from masquerade.service.access.keys import KeyFile

if TYPE_CHECKING:
    from pathlib import Path

    from masquerade.service.config import ServiceConfig


def check(config: ServiceConfig) -> None:
    """Do nothing unless a service with this configuration could not work, or would be open to others.

    Raises:
        SettingsInvalid: certificate and private key cannot be used, a proxy is no address, or there are to be events
            of a camera that there is not.
        AddressUnusable: the host is not an address of this machine.
        ServeUnsafe: keys are asked for and there is none: nobody could come in.
        KeysInvalid: the file of keys is damaged.
    """
    if config.events is not None and config.camera is None:
        raise SettingsInvalid(
            "events are those of the service's own camera, and it has none", hint="--camera SOURCE names one"
        )
    _check_tls(config.certfile, config.keyfile)
    trusted(config.proxies)
    with listening(config.host, 0):
        pass
    if config.keys_wanted and not KeyFile(config.keys_file).keys():
        raise ServeUnsafe(
            f"{_why_keys(config)}, and {config.keys_file} holds no key",
            hint="masquerade keys add NAME makes one; --no-keys lets everybody in",
        )


def _check_tls(certfile: Path | None, keyfile: Path | None) -> None:
    for path, what in ((certfile, "certificate"), (keyfile, "private key")):
        if path is not None and not path.is_file():
            raise SettingsInvalid(f"{path}: there is no {what}", hint="name a PEM file")
    if certfile is None and keyfile is None:
        return
    if certfile is None or keyfile is None:
        raise SettingsInvalid("expected a certificate and its private key, got one of the two")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certfile, keyfile, password=_no_password)
    except OSError as error:  # those of ssl among them
        raise SettingsInvalid(
            f"{certfile} and {keyfile} cannot be used as certificate and private key: {_reason(error)}",
            hint="--certfile takes the certificate chain, --keyfile its private key, both as PEM",
        ) from error


def _no_password() -> str:
    raise SettingsInvalid("the private key has a password, expected one without", hint="openssl pkey takes it off")


def _reason(error: OSError) -> str:
    if not isinstance(error, ssl.SSLError):
        return error.strerror or str(error)
    if error.reason == "KEY_VALUES_MISMATCH":
        return "the key belongs to another certificate"
    return "one of them holds something else" if error.reason in {None, "NO_START_LINE"} else str(error.reason)


def trusted(proxies: tuple[str, ...]) -> list[str]:
    """Give the addresses of proxies as connections have them: where both kinds are listened on, IPv4 comes as IPv6.

    Raises:
        SettingsInvalid: one is no address, and no network.
    """
    found = []
    for proxy in proxies:
        try:
            network = ipaddress.ip_network(proxy)
        except ValueError as error:
            raise SettingsInvalid(
                f"proxy {proxy!r}: {error}", hint="expected an address or a network, such as 10.0.0.5 or 10.0.0.0/24"
            ) from None
        found.append(str(network))
        if network.version == 4:
            found.append(f"::ffff:{network.network_address}/{96 + network.prefixlen}")
    return found


def listening(host: str, port: int, backlog: int | None = None) -> socket.socket:
    """Listen at an address.

    Raises:
        AddressUnusable: the port is taken, or the address is not this machine's.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)[0]
        both = family == socket.AF_INET6 and address[0] == "::" and socket.has_dualstack_ipv6()
        return socket.create_server(address, family=family, backlog=backlog, dualstack_ipv6=both)
    except (OSError, ValueError, OverflowError) as error:
        raise AddressUnusable(
            f"{host}, port {port}: {_why_not(error)}" if port else f"{host}: {_why_not(error)}",
            hint="--host and --port name another" if port else "--host names another",
        ) from error


def _why_not(error: Exception) -> str:
    if not isinstance(error, OSError):
        return str(error)
    if isinstance(error, socket.gaierror) or error.errno is None:
        return error.strerror or str(error)
    return os.strerror(error.errno)  # create_server adds the address to its own text


def _why_keys(config: ServiceConfig) -> str:
    if not config.loopback:
        return f"{config.host} can be reached by others"
    return f"others reach {config.host} through the proxy" if config.proxies else "keys are asked for"
