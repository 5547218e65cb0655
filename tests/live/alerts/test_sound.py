"""The chime, and the players that are there or not."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import wave
from contextlib import closing
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from masquerade.live.alerts import DeliveryFailed
from masquerade.live.alerts.channels import sound as room
from masquerade.live.alerts.channels.chime import BELLS, RATE, chime, wav_of
from masquerade.live.alerts.channels.sound import PLAYERS, Sound, find_player
from masquerade.live.alerts.kinds import SoundConfig
from tests.live.alerts.made_alerts import alert


@pytest.mark.parametrize("volume", [0.1, 0.8, 1.0])
def test_the_chime_is_two_bells_and_clicks_nowhere(volume: float) -> None:
    sound = chime(volume)
    assert np.abs(sound.astype(int)).max() == round(volume * 32767)
    assert sound[0] == sound[-1] == 0
    assert np.abs(np.diff(sound[:40].astype(int))).max() < volume * 3000
    for start, hertz in BELLS:
        part = sound[int((start + 0.05) * RATE) : int((start + 0.25) * RATE)].astype(float)
        spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part))))
        loudest = np.fft.rfftfreq(len(part), 1 / RATE)[spectrum.argmax()]
        assert loudest == pytest.approx(hertz, abs=6)


def test_it_is_a_wav_file() -> None:
    with wave.open(BytesIO(wav_of(chime(0.5)))) as reader:
        assert (reader.getnchannels(), reader.getsampwidth(), reader.getframerate()) == (1, 2, RATE)
        assert reader.getnframes() == len(chime(0.5))


def test_the_first_player_that_is_there() -> None:
    def which(name: str) -> str | None:
        return f"/usr/bin/{name}" if name in {"aplay", "ffplay"} else None

    assert find_player(which) == ("/usr/bin/aplay", "-q")
    assert find_player(lambda _: None) == ()
    assert len(PLAYERS) == 5


def player(folder: Path, code: str) -> tuple[str, ...]:
    """A program that is called as a player is."""
    path = folder / "player"
    path.write_text(f"#!{sys.executable}\nimport sys\n{code}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return (str(path), "-q")


def test_a_player_is_given_the_chime_each_time(tmp_path: Path) -> None:
    code = f"open({str(tmp_path / 'heard')!r}, 'ab').write(open(sys.argv[-1], 'rb').read())"
    before = set(tmp_path.iterdir())
    with closing(Sound(SoundConfig(kind="sound", volume=0.5), player=player(tmp_path, code))) as channel:
        channel.send(alert(1))
        channel.send(alert(2))
    assert (tmp_path / "heard").read_bytes() == wav_of(chime(0.5)) * 2
    assert {path.name for path in set(tmp_path.iterdir()) - before} == {"player", "heard"}


FAILURES = [
    # what the player does, what is said, whether it is certain that nothing was heard
    ("sys.exit('no such device')", "player failed: no such device", True),
    ("sys.exit(3)", "player failed: 3", True),
    ("import time; time.sleep(600)", r"player did not end within 0\.2 s", False),
]


@pytest.mark.parametrize(("code", "said", "surely"), FAILURES)
def test_a_player_that_fails(tmp_path: Path, code: str, said: str, surely: bool) -> None:
    config = SoundConfig(kind="sound", timeout=0.2 if "sleep" in code else 60)
    channel = Sound(config, player=player(tmp_path, code))
    with closing(channel), pytest.raises(DeliveryFailed, match=said) as failure:
        channel.send(alert(1))
    assert failure.value.surely is surely


def test_a_player_that_says_it_played_where_there_is_no_device(tmp_path: Path) -> None:
    """As ffplay does: its exit code is 0."""
    code = "sys.stderr.write('ALSA lib: x\\nNo more combinations to try, audio open failed\\nFailed to open file\\n')"
    channel = Sound(SoundConfig(kind="sound", timeout=60), player=player(tmp_path, code))
    assert channel.by == "player"
    with closing(channel), pytest.raises(DeliveryFailed, match="found no way to play it: No more comb") as failure:
        channel.send(alert(1))
    assert failure.value.surely


@pytest.mark.skipif(
    Path("/dev/snd").exists() or find_player()[:1] != (shutil.which("ffplay"),),
    reason="needs ffplay alone, and no sound",
)
def test_ffplay_itself_on_a_machine_without_sound() -> None:
    with (
        closing(Sound(SoundConfig(kind="sound", timeout=60))) as channel,
        pytest.raises(DeliveryFailed, match="ffplay"),
    ):
        channel.send(alert(1))


def test_a_player_that_is_gone() -> None:
    channel = Sound(SoundConfig(kind="sound"), player=("/not/there",))
    with closing(channel), pytest.raises(DeliveryFailed, match="No such file"):
        channel.send(alert(1))


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="there are no terminals to be had")
def test_without_a_player_the_terminal_rings(monkeypatch: pytest.MonkeyPatch) -> None:
    master, slave = os.openpty()
    monkeypatch.setattr(room, "TERMINAL", os.ttyname(slave))
    with closing(Sound(SoundConfig(kind="sound"), player=())) as channel:
        channel.send(alert(1))
    assert os.read(master, 10) == b"\a"
    os.close(master)
    os.close(slave)


def test_without_player_and_terminal_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "TERMINAL", "/not/there")
    channel = Sound(SoundConfig(kind="sound"), player=())
    with closing(channel), pytest.raises(DeliveryFailed, match="no player is installed") as failure:
        channel.send(alert(1))
    assert failure.value.permanent
