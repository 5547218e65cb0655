"""Keys, sessions and rates."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from masquerade.errors import DestinationUnusable, KeysInvalid, TooManyRequests
from masquerade.files import lock_file
from masquerade.service.access import keys as keys_module
from masquerade.service.access.keys import Key, KeyFile
from masquerade.service.access.rates import Rates, client_of
from masquerade.service.access.sessions import Sessions


@pytest.fixture(autouse=True)
def _cheap_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys_module, "COST", 16)


class Clock:
    """A clock that is set by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_the_digest_is_scrypt_as_published() -> None:
    """RFC 7914, section 12: password "password", salt "NaCl", N=1024, r=8, p=16, the first 32 bytes."""
    published = "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
    assert hashlib.scrypt(b"password", salt=b"NaCl", n=1024, r=8, p=16, dklen=32).hex() == published
    key = Key("a", "00000000", (), b"NaCl".hex(), published, "")
    assert not key.opens_with("password")  # other costs, another digest


def test_the_costs_are_what_the_document_says() -> None:
    assert (keys_module.BLOCK, keys_module.PARALLEL) == (8, 1)
    assert "COST, BLOCK, PARALLEL = 2**14, 8, 1" in Path(keys_module.__file__).read_text()


def test_a_key_is_found_and_nothing_else_is(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "new" / "keys.json")
    assert file.keys() == ()
    first, second = file.add("door", ("look", "watch")), file.add("probe", ("metrics",))
    assert re.fullmatch(r"mq_[0-9a-f]{8}_[A-Za-z0-9_-]{43}", first)
    found = file.find(first)
    assert found is not None
    assert (found.name, found.scopes) == ("door", ("look", "watch"))
    other = file.find(second)
    assert other is not None
    assert other.name == "probe"
    swapped = first[:12] + second[12:]  # the number of one, the secret of the other
    for wrong in (
        "",
        "mq_",
        first[:-1],
        first + "x",
        first.upper(),
        swapped,
        "mq_00000000_" + "a" * 43,
        "\ud800é" * 99,
    ):
        assert file.find(wrong) is None


def test_the_file_holds_no_key_and_is_its_owners_alone(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "keys.json")
    text = file.add("door", ("look",))
    content = file.path.read_text()
    assert text[12:] not in content
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    row = json.loads(content)["keys"][0]
    expected = hashlib.scrypt(text.encode(), salt=bytes.fromhex(row["salt"]), n=16, r=8, p=1, dklen=32)
    assert row["digest"] == expected.hex()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["keys.json", "keys.json.lock"]
    assert stat.S_IMODE((tmp_path / "keys.json.lock").stat().st_mode) == 0o600


def test_a_removed_key_is_gone_for_whoever_reads_the_file(tmp_path: Path) -> None:
    file, other = KeyFile(tmp_path / "keys.json"), KeyFile(tmp_path / "keys.json")
    text = file.add("door", ("look",))
    assert other.find(text) is not None
    file.remove("door")
    assert other.find(text) is None
    with pytest.raises(KeysInvalid, match="no key is named door"):
        file.remove("door")


ADDER = """
import sys
from pathlib import Path
from masquerade.service.access import keys
keys.COST = 16
file = keys.KeyFile(Path(sys.argv[1]))
sys.stdin.readline()
for number in range(6):
    file.add(f"{sys.argv[2]}-{number}", ("look",))
    if number % 2:
        file.remove(f"{sys.argv[2]}-{number}")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no locks there")
def test_programs_that_change_the_file_at_once_lose_no_key(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    command = [sys.executable, "-c", ADDER, str(path)]
    adders = [subprocess.Popen([*command, name], stdin=subprocess.PIPE, text=True) for name in "ab"]
    for adder in adders:
        assert adder.stdin is not None
        adder.stdin.write("go\n")
        adder.stdin.flush()
    assert [adder.communicate()[0] or adder.returncode for adder in adders] == [0, 0]
    names = {key.name for key in KeyFile(path).keys()}  # noqa: SIM118 - no dictionary
    assert names == {f"{name}-{number}" for name in "ab" for number in range(0, 6, 2)}


def test_who_waits_for_too_long_is_told_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys_module, "PATIENCE", 0.0)
    file = KeyFile(tmp_path / "keys.json")
    file.add("door", ("look",))
    with (tmp_path / "keys.json.lock").open("ab") as lock:
        assert lock_file(lock)
        with pytest.raises(DestinationUnusable, match="another program is changing it"):
            file.remove("door")
    file.remove("door")
    with pytest.raises(KeysInvalid):
        KeyFile(tmp_path / "none" / "keys.json").remove("door")
    assert not (tmp_path / "none").exists()


def test_a_file_that_is_changed_by_hand_is_read_anew(tmp_path: Path) -> None:
    """Also when its length, its time and its inode are those of before."""
    file = KeyFile(tmp_path / "keys.json")
    text = file.add("door", ("look",))
    assert file.find(text) is not None
    before = file.path.stat()
    content = file.path.read_text()
    with file.path.open("r+") as stream:
        stream.write(content.replace(text[3:11], "ffffffff"))
    os.utime(file.path, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = file.path.stat()
    assert (after.st_size, after.st_mtime_ns, after.st_ino) == (before.st_size, before.st_mtime_ns, before.st_ino)
    assert file.find(text) is None


@pytest.mark.parametrize("name", ["", " ", "a b", "../x", "a" * 65, "-x", "ä"])
def test_odd_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(KeysInvalid):
        KeyFile(tmp_path / "keys.json").add(name, ("look",))


def test_names_are_taken_once_and_scopes_are_known(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "keys.json")
    file.add("door", ("look",))
    with pytest.raises(KeysInvalid, match="already"):
        file.add("door", ("look",))
    for scopes in ((), ("admin",), ("look", "x")):
        with pytest.raises(KeysInvalid, match="scopes"):
            file.add("other", scopes)


GOOD = {"name": "a", "number": "0" * 8, "scopes": ["look"], "salt": "00" * 16, "digest": "00" * 32, "made": ""}
DAMAGED: list[Any] = [
    [],
    "keys",
    {"version": 2, "keys": []},
    {"keys": []},
    {"version": 1, "keys": [{**GOOD, "digest": "00"}]},
    {"version": 1, "keys": [{**GOOD, "salt": ""}]},
    {"version": 1, "keys": [{**GOOD, "scopes": ["root"]}]},
    {"version": 1, "keys": [{**GOOD, "more": 1}]},
    {"version": 1, "keys": [{"name": "a"}]},
]


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_file_is_told_and_opens_nothing(tmp_path: Path, content: object) -> None:
    path = tmp_path / "keys.json"
    path.write_text(json.dumps(content))
    with pytest.raises(KeysInvalid, match=re.escape(str(path))):
        KeyFile(path).find("mq_00000000_" + "a" * 43)


def test_rates_refill_with_time() -> None:
    clock = Clock()
    rates = Rates(60, 3, clock=clock)
    for _ in range(3):
        rates.take("a")
    with pytest.raises(TooManyRequests) as refused:
        rates.take("a")
    assert refused.value.retry_after == pytest.approx(1.0)
    rates.take("b")  # somebody else
    clock.now += 1.0
    rates.take("a")
    with pytest.raises(TooManyRequests):
        rates.take("a")
    clock.now += 3600
    rates.take("a", 3)
    with pytest.raises(TooManyRequests):
        rates.take("a")


def test_rates_keep_bounded_memory_and_forget_the_oldest() -> None:
    rates = Rates(60, 1, most=100, clock=Clock())
    for number in range(1000):
        rates.take(str(number))
    assert len(rates) == 100
    with pytest.raises(TooManyRequests):
        rates.take("999")


def test_a_rate_of_nothing_lets_all_through() -> None:
    rates = Rates(0, 1)
    for _ in range(1000):
        rates.take("a")
    assert len(rates) == 0


CLIENTS = [
    ("192.0.2.7", "192.0.2.7"),
    ("::ffff:192.0.2.7", "192.0.2.7"),  # IPv4 in IPv6
    ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),  # a customer's network
    ("testclient", "testclient"),
]


@pytest.mark.parametrize(("address", "client"), CLIENTS)
def test_one_client_is_one_bucket(address: str, client: str) -> None:
    assert client_of(address) == client


def test_sessions_run_out_and_are_bounded() -> None:
    clock = Clock()
    sessions = Sessions(life=60, most=2, clock=clock)
    tokens = [sessions.open(f"{number:08d}") for number in range(3)]
    assert [sessions.number_of(token) for token in tokens] == [None, "00000001", "00000002"]
    sessions.close(tokens[1])
    assert sessions.number_of(tokens[1]) is None
    clock.now += 60
    assert sessions.number_of(tokens[2]) is None
    assert len(sessions) == 0
    assert sessions.number_of("\ud800") is None


def test_a_session_that_is_renewed_is_not_the_first_to_go() -> None:
    sessions = Sessions(life=60, most=2, clock=Clock())
    first, second = (sessions.open(f"{number:08d}") for number in range(2))
    assert sessions.renew(first)
    sessions.open("00000002")
    assert [sessions.number_of(token) for token in (first, second)] == ["00000000", None]
