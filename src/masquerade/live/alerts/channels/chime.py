"""A chime, made of sines: two soft bells, the second a third lower."""

from __future__ import annotations

import io
import wave

import numpy as np
from numpy.typing import NDArray

RATE = 44100
"""Samples a second."""
BELLS = ((0.0, 880.0), (0.28, 698.46))
"""When each bell is struck, in seconds, and how high: A5, then F5, in hertz."""
PARTIALS = ((1.0, 1.0, 3.5), (2.0, 0.35, 6.0), (3.01, 0.12, 9.0))
"""Of each partial: its height over the bell's, its loudness, how fast it dies away (1/s)."""
SECONDS = 1.6
FADE = 0.004
"""Seconds in which a bell swells and the end dies, so that nothing clicks."""


def chime(volume: float) -> NDArray[np.int16]:
    """Make the sound.

    Args:
        volume: loudness of its loudest moment, 0 to 1.

    Returns:
        (n,) int16, one channel, ``RATE`` samples a second.
    """
    time = np.arange(int(SECONDS * RATE)) / RATE
    sound = np.zeros_like(time)
    for start, hertz in BELLS:
        since = np.clip(time - start, 0.0, None)
        for height, loudness, decay in PARTIALS:
            sound += loudness * np.exp(-decay * since) * np.sin(2 * np.pi * hertz * height * since)
    sound *= np.clip(time / FADE, 0.0, 1.0) * np.clip((time[-1] - time) / FADE, 0.0, 1.0)
    loudest = float(np.abs(sound).max())
    return np.asarray(np.round(sound / loudest * volume * 32767), dtype=np.int16)


def wav_of(sound: NDArray[np.int16]) -> bytes:
    """Give a sound as the content of a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(RATE)
        writer.writeframes(sound.astype("<i2").tobytes())
    return file.getvalue()
