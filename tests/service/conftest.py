"""What the tests of the service share."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("fastapi", reason="needs the [serve] extra")

from masquerade.service import ServiceConfig
from tests.service.serving import Served, served


@pytest.fixture(scope="session")
def look_service() -> Iterator[Served]:
    """A service on loopback that is ready; it refuses nobody for asking often."""
    with served(ServiceConfig(rate=0, workers=1, batch=3)) as service:
        service.wait_until_ready()
        yield service


@pytest.fixture(scope="session")
def face_jpeg(photos: list[Path]) -> bytes:
    """A small photo with one face."""
    with Image.open(photos[0]) as photo:
        return encoded(photo.resize((136, 157)))


def encoded(photo: Image.Image, kind: str = "JPEG") -> bytes:
    buffer = io.BytesIO()
    photo.save(buffer, kind)
    return buffer.getvalue()


@pytest.fixture(scope="session")
def gray_png() -> bytes:
    """A small picture without a face."""
    return encoded(Image.fromarray(np.full((48, 64, 3), 130, np.uint8)), "PNG")
