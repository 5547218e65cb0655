"""How many masks of a library suit a face, by its yaw: the rule of this package beside that of report 2.

MASQUERADE_DATA=... python -m benchmarks.library_matching

The library is built from ``masked-photos/stock``, the set that report 2 used, into a temporary folder; the faces are
those of lfw and celeba-wild. Report 2 takes the entries whose ratio of two distances, jaw to mouth on the left and on
the right, differs by at most 0.01, never mirrored, and the single nearest one where there is none.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import arguments, show, write
from masquerade.datasets.wearing_sets import data_root
from masquerade.faces import find_faces
from masquerade.image import find_pictures, read_image
from masquerade.masks.library import Library, build_library, load_library
from masquerade.masks.library.matching import Poses, candidates

YAWS = (0, 10, 20, 30, 45)
AROUND = {0: 2.5, 10: 2.5, 20: 2.5, 30: 3.5, 45: 6.0}
"""Degrees around each yaw within which faces count."""
RATIO = 0.01
JAW, MOUTH = (93, 323), (61, 291)
"""Landmarks of the mesh where points 1 and 15 of the jaw lie in the 68, and the corners of the mouth."""
FACES = 200
"""At most so many faces a yaw and side."""


def ratio(landmarks: NDArray[np.float32]) -> NDArray[np.float64]:
    """Report 2's measure of yaw for landmarks (n, 468, 3): (n,)."""
    mouth = landmarks[:, MOUTH, :2].mean(axis=1)
    right, left = (np.linalg.norm(landmarks[:, index, :2] - mouth, axis=1) for index in JAW)
    return np.asarray(right / np.maximum(left, 1e-6), np.float64)


def found_faces(limit: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Pose (n, 3) and landmarks of the largest face of photos of lfw and celeba-wild."""
    poses, landmarks = [], []
    for name, pattern in (("lfw", "images/*/*.jpg"), ("celeba-wild", "*/*.jpg")):
        paths = sorted((data_root() / name).glob(pattern))
        for path in paths[:: max(1, len(paths) // limit)]:
            faces = find_faces(read_image(path), "frame")
            if len(faces) and faces.pose is not None and faces.landmarks is not None:
                poses.append(faces.pose[0])
                landmarks.append(faces.landmarks[0])
    return np.array(poses), np.array(landmarks)


def entry_ratios(library: Library, photos: Path) -> NDArray[np.float64]:
    """Report 2's measure for each entry, from its photo."""
    result = []
    for entry in library.entries:
        faces = find_faces(read_image(photos / entry.source.file))
        assert faces.pose is not None and faces.landmarks is not None  # noqa: S101
        nearest = int(np.abs(faces.pose - np.array(entry.pose_numbers())).sum(axis=1).argmin())
        result.append(ratio(faces.landmarks[nearest : nearest + 1])[0])
    return np.array(result)


def main() -> None:
    """Build, match, print, write."""
    parser = arguments(__doc__)
    parser.add_argument("--photos", type=int, default=1300, help="how many photos of each set")
    parser.add_argument("--library", type=Path, help="a library built from masked-photos/stock; else one is built")
    options = parser.parse_args()
    stock = data_root() / "masked-photos" / "stock"
    with TemporaryDirectory() as folder:
        path = options.library
        if path is None:
            path = build_library(find_pictures(stock), Path(folder) / "library").folder
        library = load_library(path)
        theirs = entry_ratios(library, stock)
    poses, landmarks = found_faces(options.photos)
    ratios = ratio(landmarks)
    known = Poses.of(library.entries)
    kinds = tuple({entry.kind for entry in library.entries})
    yaws = np.array([entry.pose.yaw for entry in library.entries])
    rows: list[list[object]] = []
    figures: dict[str, dict[str, float]] = {}
    for yaw in (*[-yaw for yaw in YAWS[:0:-1]], *YAWS):
        chosen = np.flatnonzero(np.abs(poses[:, 0] - yaw) <= AROUND[abs(yaw)])[:FACES]
        if not len(chosen):
            continue
        counts, even, away, old, old_away = [], [], [], [], []
        for index in chosen:
            pairs, weights = candidates(known, poses[index], kinds)
            counts.append(len({int(entry) for entry, _ in pairs}))
            even.append(1 / (weights**2).sum() if len(weights) else 0.0)
            sides = np.where(pairs[:, 1] == 1, -yaws[pairs[:, 0]], yaws[pairs[:, 0]]) if len(pairs) else np.zeros(0)
            away.append(float((weights * np.abs(sides - poses[index, 0])).sum()))
            apart = np.abs(theirs - ratios[index])
            near = apart <= RATIO + 1e-5
            old.append(int(near.sum()))
            taken = near if near.any() else apart == apart.min()
            old_away.append(float(np.abs(yaws[taken] - poses[index, 0]).mean()))
        figures[str(yaw)] = {
            "faces": len(chosen),
            "candidates_median": float(np.median(counts)),
            "candidates_least": float(np.min(counts)),
            "effective_median": round(float(np.median(even)), 1),
            "yaw_away": round(float(np.mean(away)), 1),
            "report2_median": float(np.median(old)),
            "report2_none": round(float(np.mean(np.array(old) == 0)), 3),
            "report2_yaw_away": round(float(np.mean(old_away)), 1),
        }
        rows.append([f"{yaw:+d}", *figures[str(yaw)].values()])
    header = ["yaw", "faces", "median", "least", "effective", "yaw away", "report 2", "none", "yaw away"]
    show(f"candidates among {len(library)} entries", rows, header)
    write("library_matching", {"entries": len(library), "yaw": figures}, options.json)


if __name__ == "__main__":
    main()
