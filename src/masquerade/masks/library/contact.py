"""All masks of a library on one picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from masquerade.geometry import opencv
from masquerade.masks.library.reading import Library

TILE, CAPTION = 144, 30
COLUMNS = 12
GREY, INK = 118, (32, 34, 38)
MAX_ENTRIES = 1200
"""As many are shown; more would make a picture that few programs open."""


def contact_sheet(library: Library, columns: int = COLUMNS) -> NDArray[np.uint8]:
    """Show each mask on grey, with its name, kind and pose under it.

    Args:
        library: of which the first ``MAX_ENTRIES`` are shown.
        columns: tiles in a row.

    Returns:
        (height, width, 3) uint8 RGB.

    Raises:
        LibraryInvalid: a picture is missing or damaged.
    """
    shown = library.entries[:MAX_ENTRIES]
    columns = min(columns, len(shown))
    rows = -(-len(shown) // columns)
    sheet = Image.new("RGB", (columns * TILE, rows * (TILE + CAPTION)), (244, 244, 242))
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(11)
    for index, entry in enumerate(shown):
        x, y = index % columns * TILE, index // columns * (TILE + CAPTION)
        _, texture = library.sheet(entry.id, False)
        sheet.paste(Image.fromarray(_tile(texture)), (x + 2, y + 2))
        yaw, pitch, roll = entry.pose_numbers()
        draw.text((x + 4, y + TILE), _short(entry.id), INK, font)
        draw.text((x + 4, y + TILE + 13), f"{entry.kind} {yaw:+.0f} {pitch:+.0f} {roll:+.0f}", INK, font)
    return np.asarray(sheet, np.uint8)


def _tile(texture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    cv2 = opencv()
    height, width = texture.shape[:2]
    room = TILE - 4
    scale = room / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(texture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    on_grey = small[..., :3] + GREY * (1 - small[..., 3:] / np.float32(255))
    tile = np.full((room, room, 3), GREY, np.uint8)
    top, left = (room - size[1]) // 2, (room - size[0]) // 2
    tile[top : top + size[1], left : left + size[0]] = np.round(np.clip(on_grey, 0, 255))
    return tile


def _short(name: str) -> str:
    return name if len(name) <= 22 else f"{name[:21]}…"
