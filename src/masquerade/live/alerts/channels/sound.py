"""Alerts as a chime at this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

from masquerade.live.alerts.channels.chime import chime, wav_of
from masquerade.live.alerts.kinds import SoundConfig
from masquerade.live.alerts.types import Alert, DeliveryFailed

PLAYERS = (("pw-play",), ("paplay",), ("aplay", "-q"), ("afplay",), ("ffplay", "-nodisp", "-autoexit", "-v", "error"))
"""Programs that play a WAV file, the likeliest first, with their options."""
SILENT = ("audio open failed", "Failed to open file", "Could not initialize SDL")
"""What ffplay says when nothing was heard; its exit code is 0 all the same."""
BELL = "\a"
TERMINAL = "/dev/tty"


def find_player(which: Callable[[str], str | None] = shutil.which) -> tuple[str, ...]:
    """Give the first player that is there, with its options; empty where there is none."""
    for name, *options in PLAYERS:
        found = which(name)
        if found:
            return (found, *options)
    return ()


class Sound:
    """Plays a chime through whatever player there is, else rings the terminal's bell.

    Attributes:
        by: what it is played by, for people.
    """

    def __init__(self, config: SoundConfig, *, player: tuple[str, ...] | None = None) -> None:
        """Make the chime; ``player`` takes the place of the one that is found."""
        self._timeout = config.timeout
        self._player = find_player() if player is None else player
        self.by = Path(self._player[0]).name if self._player else "the terminal's bell"
        self._wav = wav_of(chime(config.volume))
        self._file: IO[bytes] | None = None

    def send(self, alert: Alert) -> None:  # noqa: ARG002 - it sounds the same for everybody
        """Play the chime to its end.

        Raises:
            DeliveryFailed: the player failed, or there is neither player nor terminal.
        """
        if self._player:
            self._play()
        elif sys.platform == "win32":
            import winsound  # noqa: PLC0415 - only there

            winsound.PlaySound(self._wav, winsound.SND_MEMORY)
        else:
            _ring()

    def _play(self) -> None:
        name = self.by
        try:
            path = self._there()
            done = subprocess.run(  # noqa: S603 - one of PLAYERS, and a sound of our own
                [*self._player, path],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=self._timeout,
                pass_fds=[self._file.fileno()] if self._file else [],
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise DeliveryFailed(f"{name} did not end within {self._timeout:g} s") from None
        except OSError as error:
            raise DeliveryFailed(f"the chime cannot be played: {error.strerror or error}", surely=True) from None
        words = done.stderr.decode(errors="replace").strip().splitlines()
        if done.returncode:
            raise DeliveryFailed(f"{name} failed: {words[-1] if words else done.returncode}", surely=True)
        if silent := [line for line in words if any(sign in line for sign in SILENT)]:
            raise DeliveryFailed(f"{name} found no way to play it: {silent[0]}", surely=True)

    def _there(self) -> str:
        """Give the path of the chime: where the system can, in memory and never on disk."""
        if self._file is None:
            if hasattr(os, "memfd_create"):
                self._file = os.fdopen(os.memfd_create("masquerade-chime"), "w+b")
            else:
                self._file = tempfile.NamedTemporaryFile(prefix="masquerade-", suffix=".wav")  # noqa: SIM115
            self._file.write(self._wav)
            self._file.flush()
        return f"/dev/fd/{self._file.fileno()}" if isinstance(self._file.name, int) else str(self._file.name)

    def close(self) -> None:
        """Let go of the sound."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _ring() -> None:
    """Ring the bell of the terminal that the process belongs to, not of where its output goes."""
    try:
        with open(TERMINAL, "w", encoding="ascii") as terminal:  # noqa: PTH123 - a device
            terminal.write(BELL)
    except OSError:
        players = ", ".join(name for name, *_ in PLAYERS)
        raise DeliveryFailed(
            f"no player is installed ({players}), and no terminal", permanent=True, surely=True
        ) from None
