"""Photos of the data sets with their faces, which are found once and kept, and contact sheets of pictures.

``python -m benchmarks.photos`` finds the faces of all sets. They are kept in ``.cache/faces``, by the models that
found them; remove that folder after a change of the search.
"""

from __future__ import annotations

import os
import random
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from dataclasses import fields
from functools import lru_cache
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import arguments
from masquerade.datasets.wearing_sets import data_root
from masquerade.errors import DataMissing
from masquerade.faces import Faces, find_faces
from masquerade.geometry import opencv
from masquerade.image import read_image
from masquerade.models import get_session

FOLDERS = {
    "celeba-wild": "celeba-wild",
    "lfw": "lfw/images",
    "ilc2021": "ilc2021/images",
    "rmfd": "masked-photos/rmfd",
    "stock": "masked-photos/stock",
}
BARE = ("celeba-wild", "lfw")
CACHE = Path(__file__).parents[1] / ".cache" / "faces"
SHEETS = Path(__file__).parents[1] / "runs" / "sheets"
CAPTION = 30
"""Height of a caption on a contact sheet, in pixels."""

Pixels = NDArray[np.uint8]


def options_of(description: str | None, photos: int = 0) -> ArgumentParser:
    """A parser that knows ``--json``, ``--photos`` and ``--seed``."""
    parser = arguments(description)
    parser.add_argument(
        "--photos", type=int, default=photos, help="photos of each set; 0 for all (default %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of all that is drawn by chance (default %(default)s)")
    return parser


def photos_of(name: str, count: int = 0) -> list[Path]:
    """The first photos of a set in an order that is shuffled once and for all; all of them where ``count`` is 0."""
    folder = data_root() / FOLDERS[name]
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    if not paths:
        raise DataMissing(f"{folder} holds no photos")
    random.Random(0).shuffle(paths)  # noqa: S311 - no secret
    return paths[: count or None]


def seen(name: str, paths: Sequence[Path]) -> Iterator[tuple[Path, Pixels, Faces]]:
    """Each photo with its faces."""
    for path in paths:
        image = read_image(path)
        yield path, image, faces_of(name, path, image)


def faces_of(name: str, path: Path, image: Pixels) -> Faces:
    """The faces of a photo as ``find_faces`` gives them, from the cache where they were found before."""
    place = CACHE / _models() / name / f"{path.parent.name}-{path.stem}.npz"
    try:
        with np.load(place, allow_pickle=False) as kept:
            return Faces(size=tuple(kept["size"].tolist()), **{key: kept[key] for key in kept.files if key != "size"})
    except (FileNotFoundError, BadZipFile, EOFError):
        faces = find_faces(image)
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(f"{os.getpid()}.npz")
    arrays: dict[str, Any] = {field.name: np.asarray(getattr(faces, field.name)) for field in fields(faces)}
    np.savez(part, **arrays)
    part.replace(place)
    return faces


@lru_cache(maxsize=1)
def _models() -> str:
    return "-".join(get_session(name).card.sha256[:8] for name in ("yunet", "face-mesh"))


def face_rng(seed: int, name: str, path: Path) -> np.random.Generator:
    """A source of chance for one photo, the same whatever photos come before it."""
    return np.random.default_rng([seed, *f"{name}/{path.parent.name}/{path.name}".encode()])


def tile_of(image: Pixels, box: NDArray[np.float32], side: int = 144, room: float = 0.45) -> Pixels:
    """A square of the picture around a face's box."""
    from masquerade.geometry import box_to_square, sample, square_around

    return sample(image, box_to_square(square_around(box[None], room)[0], side), (side, side), border=127)


def write_sheet(target: Path, tiles: Sequence[tuple[Pixels, str]], columns: int = 10) -> None:
    """Write tiles of one size with captions of up to two lines as one picture."""
    cv2 = opencv()
    if not tiles:
        target.unlink(missing_ok=True)
        return
    height, width = tiles[0][0].shape[:2]
    columns = min(columns, len(tiles))
    rows = -(-len(tiles) // columns)
    sheet = np.full((rows * (height + CAPTION), columns * width, 3), 255, np.uint8)
    for index, (tile, caption) in enumerate(tiles):
        y, x = index // columns * (height + CAPTION), index % columns * width
        sheet[y : y + height, x : x + width] = tile
        for line, text in enumerate(caption.split("\n")):
            place = (x + 2, y + height + 12 + 14 * line)
            cv2.putText(sheet, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.36, (0, 0, 0), 1, cv2.LINE_AA)
    target.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(target), sheet[..., ::-1])
    print(f"written: {target}")


def main() -> None:
    """Find the faces of all photos."""
    parser = options_of(__doc__)
    parser.add_argument("--sets", nargs="*", default=list(FOLDERS), choices=list(FOLDERS), help="which sets")
    options = parser.parse_args()
    for name in options.sets:
        counts = [len(faces) for _, _, faces in seen(name, photos_of(name, options.photos))]
        print(f"{name}: {len(counts)} photos, {sum(counts)} faces", flush=True)


if __name__ == "__main__":
    main()
