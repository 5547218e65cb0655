"""Folders of photos, made once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.masks.batch.made import run, small

NAMES = ["a.jpg", "b.v2 (1).JPEG", "two words/ünï 🙂.png", "two words/deep/c.webp", "d.bmp", "d.tiff"]


@pytest.fixture(scope="session")
def shots(photos: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six photos with a face under names of many kinds, one of a wall, one damaged; nobody writes there."""
    top = tmp_path_factory.mktemp("shots")
    for number, name in enumerate(NAMES):
        small(photos[number % len(photos)], top / name)
    Image.fromarray(np.full((64, 96, 3), 130, np.uint8)).save(top / "wall.png")
    (top / "torn.jpg").write_bytes((top / "a.jpg").read_bytes()[:1500])
    return top


@pytest.fixture(scope="session")
def done(shots: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished job over them, with pairs and Pascal VOC."""
    place = tmp_path_factory.mktemp("done") / "out"
    run(shots, place, pairs=True)
    return place


@pytest.fixture(scope="session")
def crowd(photos: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three faces in one photo: one is too small for a mask, another turned away at the limit set for it."""
    top = tmp_path_factory.mktemp("crowd")
    sheet = Image.new("RGB", (420, 260), (200, 205, 210))
    for photo, height, corner in ((photos[0], 240, (5, 10)), (photos[4], 220, (225, 20))):
        with Image.open(photo) as picture:
            sheet.paste(picture.convert("RGB").resize((round(picture.width * height / picture.height), height)), corner)
    sheet.save(top / "crowd.png")
    return top
