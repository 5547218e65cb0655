"""A browser's camera with a cover over its lens, or one that hangs, is told of."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("fastapi", reason="the extra [serve] is not installed")

from masquerade.image import read_image
from masquerade.live.watching import Snapshot
from masquerade.service.kiosk import KioskConfig
from masquerade.service.kiosk.counts import DayCounts
from masquerade.service.kiosk.session import FLAT_AFTER, FROZEN_AFTER, Session
from tests.service.kiosk.made_kiosk import Stage

RNG = np.random.default_rng(0)


def jpeg(image: np.ndarray[Any, Any]) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(image.astype(np.uint8)).save(stream, "JPEG")
    return stream.getvalue()


def noise() -> bytes:
    return jpeg(RNG.integers(0, 256, (48, 64, 3)))


GREY, STILL = jpeg(np.full((48, 64, 3), 128)), noise()


class Page:
    """A page that sends a frame a second, by a clock of its own."""

    def __init__(self) -> None:
        self.now = 0.0

        async def run(job: Callable[[], Snapshot]) -> Snapshot:
            return job()

        self.session = Session(
            KioskConfig(),
            Stage().observer,
            decode=read_image,
            run=run,
            following=DayCounts().follow(),
            extra=dict,
            clock=lambda: self.now,
        )

    def send(self, frames: Callable[[], bytes], seconds: float) -> list[dict[str, str]]:
        """Give what is said of the camera each time."""
        said = []
        for _ in range(round(seconds)):
            self.now += 1.0
            said.append(asyncio.run(self.session._answer(frames()))["camera"])
        return said


WELL = {"state": "online", "reason": ""}


@pytest.mark.parametrize(
    ("dead", "after", "told"), [(GREY, FLAT_AFTER, "one flat colour"), (STILL, FROZEN_AFTER, "not changed at all")]
)
def test_a_dead_picture_is_told_after_a_while_and_until_it_lives(dead: bytes, after: float, told: str) -> None:
    page = Page()
    assert page.send(noise, 3) == [WELL] * 3
    assert page.send(lambda: dead, after) == [WELL] * round(after)
    (said,) = page.send(lambda: dead, 1)
    assert said["state"] == "stalled"
    assert told in said["reason"]
    assert page.send(noise, 1) == [WELL]
