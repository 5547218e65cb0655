"""Make the pictures of ``docs/masks.md``: every kind of mask, on turned heads, light and dark skin, in light and dark.

The sample photos are near frontal. For other poses the face of a sample is cut out along its mesh and turned in depth;
the mask is then drawn on the turned landmarks as on any photo. What is no face (hair, ears, neck) is not turned, so
the faces stand alone before grey.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from masquerade.faces import Faces, Search, find_faces, head_pose
from masquerade.faces.topology import closed_triangles
from masquerade.geometry import opencv
from masquerade.image import read_image
from masquerade.masks import KINDS, PALETTES, WORN, MaskPlan, Pattern, Plan, apply
from masquerade.masks.raster import rasterise
from masquerade.masks.types import Kind, Worn

ROOT = Path(__file__).resolve().parents[1]
SAMPLES, TARGET = ROOT / "samples", ROOT / "docs" / "images"

Floats = NDArray[np.float32]
Image = NDArray[np.uint8]

YAWS = (-60, -30, 0, 30, 60)
SKINS = ("person_b_2", "impostor_1")
EXPOSURES = (1.0, 0.18)
"""Factors of the light: as the photo was taken, and two and a half stops less."""
DRAWN, CELL = 336, 112
"""Sides of a turned face as it is drawn, and on the sheet."""
GREY = 150
HEADING, MARGIN = 22, 84
INWARD = 0.15
"""By how much the colours near the outline are taken from farther in: the mesh reaches beyond the face there."""
QUALITY = 86
COLOURS: dict[Kind, tuple[str, Pattern]] = {
    "cloth": ("#40656b", Pattern()),
    "bandana": ("#a32a2e", Pattern("floral", "#f4f1ea", 0.6)),
    "gaiter": ("#39424e", Pattern()),
}
"""Where the commonest colour would show little."""


def turned(landmarks: Floats, yaw: float) -> Floats:
    """Landmarks (468, 3) turned about an upright axis by so many degrees, and laid in the middle of a drawing."""
    angle = np.radians(yaw)
    turn = np.array([[np.cos(angle), 0, -np.sin(angle)], [0, 1, 0], [np.sin(angle), 0, np.cos(angle)]])
    centred = landmarks - landmarks.mean(axis=0)
    points = centred @ turn.T * (0.66 * DRAWN / np.ptp(centred[:, 1]))
    middle = (points[:, 0].min() + points[:, 0].max()) / 2
    return np.asarray(np.add(points, (DRAWN / 2 - middle, 0.43 * DRAWN, 0)), np.float32)


def turned_photo(image: Image, landmarks: Floats, yaw: float) -> tuple[Image, Floats]:
    """A face alone, turned: its picture (DRAWN, DRAWN, 3), and its landmarks there."""
    cv2 = opencv()
    points = turned(landmarks, yaw)
    middle = landmarks[:, :2].mean(axis=0)
    places = np.ones((468, 3))
    away = landmarks[:, :2] - middle
    reach = np.linalg.norm(away, axis=1, keepdims=True)
    places[:, :2] = (middle + away * (1 - INWARD * (reach / reach.max()) ** 2)) / max(image.shape)
    maps, inside = rasterise(points, places, closed_triangles(), (DRAWN, DRAWN))
    across, down = (np.asarray(maps[..., axis] * np.float32(max(image.shape)), np.float32) for axis in (0, 1))
    seen = cv2.remap(image, across, down, cv2.INTER_LINEAR)
    soft = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 1.0)[..., None] * inside[..., None]
    return np.asarray((seen * soft + GREY * (1 - soft)).round(), np.uint8), points


def exposed(image: Image, factor: float) -> Image:
    """The picture with another exposure."""
    return np.asarray((255 * ((image / 255) ** 2.2 * factor) ** (1 / 2.2)).round(), np.uint8)


def faces_of(points: Floats, size: tuple[int, int]) -> Faces:
    """One face with these landmarks (468, 3), as the finder would give it."""
    box = np.concatenate([points[:, :2].min(axis=0), points[:, :2].max(axis=0)])[None]
    return Faces(
        size=size,
        boxes=box,
        scores=np.ones(1, np.float32),
        points=points[None, [33, 263, 1, 61, 291], :2],
        landmarks=points[None],
        pose=head_pose(points[None]),
    )


def plan_of(kind: Kind, worn: Worn = "correctly") -> Plan:
    """A mask as cut, in a common colour."""
    colour, pattern = COLOURS.get(kind, (PALETTES[kind][0], Pattern()))
    return Plan((MaskPlan(0, kind, worn, colour, pattern),))


def labelled(sheet: Image, columns: list[str], rows: list[str]) -> Image:
    """A sheet of equal cells with words above its columns and left of its rows."""
    cv2 = opencv()
    whole = np.full((sheet.shape[0] + HEADING, sheet.shape[1] + MARGIN, 3), 255, np.uint8)
    whole[HEADING:, MARGIN:] = sheet
    width, height = sheet.shape[1] // len(columns), sheet.shape[0] // len(rows)
    places = [(text, (MARGIN + index * width + 6, HEADING - 7)) for index, text in enumerate(columns)]
    places += [(text, (4, HEADING + index * height + height // 2)) for index, text in enumerate(rows)]
    for text, place in places:
        cv2.putText(whole, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.42, (40, 40, 40), 1, cv2.LINE_AA)
    return whole


def shrunk(image: Image, width: int, height: int) -> Image:
    """The picture at another size."""
    cv2 = opencv()
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def found(name: str) -> tuple[Image, Faces]:
    """A sample and its face."""
    image = read_image(SAMPLES / f"{name}.jpg")
    return image, find_faces(image, "photo", Search())


def pose_sheet() -> Image:
    """Kinds in light and dark down, skins and poses across."""
    faces = []
    for name in SKINS:
        image, one = found(name)
        assert one.landmarks is not None  # noqa: S101 - find_faces fits the mesh
        faces += [turned_photo(image, one.landmarks[0], yaw) for yaw in YAWS]
    rows = []
    for kind in KINDS:
        for factor in EXPOSURES:
            cells = []
            for picture, points in faces:
                photo = exposed(picture, factor)
                masked = apply(photo, faces_of(points, (DRAWN, DRAWN)), plan_of(kind))
                cells.append(shrunk(masked.image, CELL, CELL))
            rows.append(np.hstack(cells))
    names = [word for kind in KINDS for word in (kind, f"{kind}, dark")]
    return labelled(np.vstack(rows), [f"yaw {yaw}" for yaw in YAWS] * len(SKINS), names)


def worn_sheet() -> Image:
    """Kinds down, ways to wear them across, twice side by side; the samples as they are, in turn."""
    cells = {}
    samples = [found(path.stem) for path in sorted(SAMPLES.glob("*.jpg"))]
    for row, kind in enumerate(KINDS):
        for column, worn in enumerate(WORN):
            image, faces = samples[(row + column) % len(samples)]
            masked = apply(image, faces, plan_of(kind, worn)).image
            x0, y0, x1, y1 = faces.boxes[0]
            side = 1.75 * (y1 - y0)
            left, top = max(0, int((x0 + x1 - side) / 2)), max(0, int((y0 + y1 - side) / 2 + 0.04 * side))
            part = masked[top : top + int(side), left : left + int(side)]
            cells[kind, worn] = shrunk(part, 150, round(150 * part.shape[0] / part.shape[1]))[:150]
    half = len(KINDS) // 2
    rows = []
    for kinds in zip(KINDS[:half], KINDS[half:], strict=True):
        line = [cells[kind, worn] for kind in kinds for worn in WORN]
        rows.append(np.hstack([np.pad(cell, ((0, 150 - len(cell)), (0, 0), (0, 0)), mode="edge") for cell in line]))
    words = [word.replace("_and_", ", ").replace("_", " ") for word in WORN]
    names = [f"{a}, {b}" for a, b in zip(KINDS[:half], KINDS[half:], strict=True)]
    return labelled(np.vstack(rows), words * 2, names)


def main() -> int:
    """Write both sheets."""
    cv2 = opencv()
    TARGET.mkdir(exist_ok=True)
    for name, sheet in (("masks.jpg", pose_sheet()), ("worn.jpg", worn_sheet())):
        _, code = cv2.imencode(".jpg", sheet[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        (TARGET / name).write_bytes(code.tobytes())
        print(f"{TARGET / name}: {sheet.shape[1]} x {sheet.shape[0]}, {len(code) // 1000} kB")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
