"""How bright real masks are, against what the renderer's reading of the light says: fits its constants.

    MASQUERADE_DATA=... python -m benchmarks.mask_light

Masks worn correctly on the training part of ``ilc2021`` whose colour is white or light blue. Seen of each: the mask's
brightness (70th percentile over the middle of the lower face), the skin's of the upper face, the brightest place
around the face without the mask. What the renderer makes of a white or a light blue mask under a known light is
measured on ``lfw``, and so is what reading the upper face alone changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import show, write
from benchmarks.photos import Pixels, options_of, photos_of, seen
from benchmarks.realism import crop_of_face, middle_of
from masquerade.datasets.types import LABELS
from masquerade.datasets.wearing_sets import read_held_out, read_ilc2021
from masquerade.evaluation.detection import match
from masquerade.faces import Faces
from masquerade.faces.pose import mean_face
from masquerade.geometry import opencv
from masquerade.masks import MaskPlan, Plan, apply, light
from masquerade.masks.light import white_level

UPPER = -0.3
"""Height in the mean face above which skin is bare beside a mask."""
SIDE = 32
"""Side of the crops, and of the smallest that count, in pixels."""
BRIGHT = 70
"""Percentile of the patch that counts as the mask's brightness."""
PLAIN = {"white": "#f2f5f5", "blue": "#a9d3e6"}
AROUND = 0.35

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Seen:
    """One masked face.

    Attributes:
        colour: ``white`` or ``blue``.
        mask: (3,) linear colour of the mask's brighter part.
        skin: (3,) linear colour of the upper face.
        bright: linear brightness of the brightest places around.
    """

    colour: str
    mask: Floats
    skin: Floats
    bright: float


def linear(values: Any) -> Floats:
    """Linear brightness of display values of 0 to 255."""
    return np.asarray((np.asarray(values, np.float64) / 255) ** light.GAMMA, np.float64)


def brighter(crop: Pixels) -> Floats:
    """Mean linear colour of the pixels of the patch around the percentile of brightness."""
    pixels = middle_of(crop)
    order = np.argsort(pixels.max(axis=1), kind="stable")
    low, high = (int(len(order) * (BRIGHT + step) / 100) for step in (-10, 10))
    return np.asarray(linear(pixels[order[low:high]]).mean(axis=0), np.float64)


def colour_of(mask: Floats) -> str | None:
    """Whether a mask is white or light blue, and not too dark to tell; None otherwise."""
    display = np.asarray(mask ** (1 / light.GAMMA) * 255, np.float32)
    hue, saturation, value = opencv().cvtColor((display / 255).reshape(1, 1, 3), opencv().COLOR_RGB2HSV)[0, 0]
    if value < 0.35 or saturation > 0.45:
        return None
    if saturation < 0.13 or (saturation < 0.25 and not 150 < hue < 260):
        return "white"
    return "blue" if 170 < hue < 235 else None


def skin_of(image: Pixels, landmarks: NDArray[np.float32], yaw: float, upper: bool) -> Floats:
    """Linear colour of skin towards the viewer, as ``read_light`` fits it, of the upper face or of all."""
    index = light.skin_landmarks(light.seen_half(yaw))
    if upper:
        index = index[mean_face()[index, 1] < UPPER]
    places = np.clip(landmarks[index, :2].astype(int), 0, np.array(image.shape[1::-1]) - 1)
    fitted = light.lambert_fit(index) @ linear(image[places[:, 1], places[:, 0]])
    return np.asarray(np.maximum(light.FRONT.astype(np.float64) @ fitted, 1e-3), np.float64)


def bright_of(image: Pixels, landmarks: NDArray[np.float32], box: NDArray[np.float32], without_mask: bool) -> float:
    """Linear brightness of the brightest places around a face, as ``read_light`` takes it."""
    margin = AROUND * float((box[2:] - box[:2]).max())
    x0, y0 = (max(0, int(value - margin)) for value in box[:2])
    x1, y1 = (int(value + margin) for value in box[2:])
    part = image[y0:y1, x0:x1]
    grey = part[..., 1].ravel()
    if without_mask:
        from masquerade.masks.placing import place, rig

        outline = place(rig("surgical", "correctly"), landmarks)[:, :2] - [x0, y0]
        hull = opencv().convexHull(np.round(outline).astype(np.int32))
        covered = opencv().fillConvexPoly(np.zeros(part.shape[:2], np.uint8), hull, 1)
        grey = grey[covered.ravel() == 0]
    return float(linear(np.percentile(grey, 96))) if len(grey) else 1.0


def looks(photos: int) -> list[Seen]:
    """All masks that count."""
    held_out = read_held_out()
    labelled = {photo.path: photo for photo in read_ilc2021() if photo.key not in held_out}
    found = []
    for path, image, faces in seen("ilc2021", photos_of("ilc2021", photos)):
        if path not in labelled or not len(faces):
            continue
        photo = labelled[path]
        for label, partner in zip(photo.labels, match(photo.boxes_or_raise(), faces.boxes), strict=True):
            if partner >= 0 and LABELS[label] == "with_mask":
                one = look_at(image, faces[int(partner)])
                found += [one] if one else []
    return found


def look_at(image: Pixels, face: Faces) -> Seen | None:
    """One face; None where its mask does not count."""
    crop = crop_of_face(image, face, side=SIDE)
    if crop is None or face.landmarks is None or face.pose is None:
        return None
    mask = brighter(crop)
    colour = colour_of(mask)
    if colour is None:
        return None
    skin = skin_of(image, face.landmarks[0], float(face.pose[0, 0]), upper=True)
    return Seen(colour, mask, skin, bright_of(image, face.landmarks[0], face.boxes[0], without_mask=True))


def rendered(photos: int) -> dict[str, float]:
    """What the renderer makes of white: the mask's linear brightness over ``Light.white``'s; upper over whole skin."""
    ratios: dict[str, list[float]] = {"white": [], "blue": [], "upper": []}
    for _, image, faces in seen("lfw", photos_of("lfw", photos)):
        face = faces.surest
        if not len(face) or crop_of_face(image, face, side=SIDE) is None or face.landmarks is None or face.pose is None:
            continue
        yaw, landmarks, box = float(face.pose[0, 0]), face.landmarks[0], face.boxes[0]
        whole = skin_of(image, landmarks, yaw, upper=False)
        bright = np.array(bright_of(image, landmarks, box, False))
        level = white_level(whole @ light.LUMA, bright, current())
        for name, colour in PLAIN.items():
            plan = Plan((MaskPlan(0, "surgical", colour=colour),))
            crop = crop_of_face(apply(image, face, plan).image, face, side=SIDE)
            if crop is not None and level < 0.6:
                ratios[name].append(float(brighter(crop).max() / level))
        ratios["upper"].append(float((skin_of(image, landmarks, yaw, upper=True) @ light.LUMA) / (whole @ light.LUMA)))
    return {name: float(np.median(values)) for name, values in ratios.items()}


def current() -> tuple[float, float, float]:
    """The constants as they are."""
    return light.WHITE, light.BY_SKIN, light.BY_BRIGHT


def fit_powers(target: Floats, skin: Floats, bright: Floats, rounds: int = 60) -> Floats:
    """Factor and two powers of factor * skin^a * bright^b, with the least mean absolute error of the logarithm."""
    design = np.stack([np.ones_like(target), np.log(skin), np.log(bright)], axis=1)
    weights = np.ones_like(target)
    for _ in range(rounds):  # least squares, weighted anew until they are least absolute values
        root = np.sqrt(weights)
        found = np.linalg.lstsq(design * root[:, None], np.log(target) * root, rcond=None)[0]
        weights = 1 / np.maximum(np.abs(design @ found - np.log(target)), 1e-3)
    return np.array([np.exp(found[0]), found[1], found[2]])


def errors_of(level: Floats, made: Floats, mask: Floats) -> Floats:
    """Logarithm of predicted over seen brightness, as displayed."""
    return np.asarray(np.log(np.minimum(level * made, 1.0) / mask) / light.GAMMA, np.float64)


def cast_of(items: list[Seen]) -> dict[str, list[float]]:
    """How far the colour of white masks follows that of the skin: slopes for red and blue against green; medians."""
    chroma = np.log([one.mask / (one.mask @ light.LUMA) for one in items])
    skin = np.log([one.skin / (one.skin @ light.LUMA) / light.SKIN_CHROMA for one in items])
    ours, theirs = (values[:, [0, 2]] - values[:, [1]] for values in (chroma, skin))
    return {
        "follows the skin by": [float(np.polyfit(theirs[:, part], ours[:, part], 1)[0]) for part in (0, 1)],
        "median of masks": np.median(ours, axis=0).tolist(),
        "median of skin": np.median(theirs, axis=0).tolist(),
    }


def main() -> None:
    """Measure, fit, print, write."""
    options = options_of(__doc__).parse_args()
    known = rendered(min(options.photos or 150, 150))
    items = looks(options.photos)
    skin = np.array([one.skin @ light.LUMA for one in items]) / known["upper"]
    bright = np.maximum([one.bright for one in items], 1e-3)
    made = np.array([known[one.colour] for one in items])
    mask = np.array([one.mask.max() for one in items])
    white = np.array([one.colour == "white" for one in items])

    fitted = fit_powers(mask / made, skin, bright)
    rules = {"as it is": current(), "fitted": (float(fitted[0]), float(fitted[1]), float(fitted[2]))}
    levels = {
        f"{name}: {{:.2f}} skin^{{:.2f}} bright^{{:.2f}}".format(*constants): white_level(skin, bright, constants)
        for name, constants in rules.items()
    }
    halves = {"white": white, "blue": ~white, "darker skin": skin < np.median(skin), "lighter": skin >= np.median(skin)}
    rows, figures = [], {}
    for name, level in levels.items():
        wrong = errors_of(level, made, mask)
        figures[name] = float(np.abs(wrong).mean())
        shown = [np.abs(wrong).mean(), np.median(wrong), *np.percentile(wrong, [10, 90])]
        rows.append([name, *(f"{v:+.3f}" for v in (*shown, *(np.median(wrong[part]) for part in halves.values())))])
    show(
        f"{len(items)} light masks, {int(white.sum())} of them white; logarithm of displayed brightness, foretold/seen",
        rows,
        ["rule", "mean |error|", "median", "10 %", "90 %", *halves],
    )
    cast = cast_of([one for one in items if one.colour == "white"])
    show(
        "colour of white masks, log red/green and blue/green", [[k, np.round(v, 3)] for k, v in cast.items()], ["", ""]
    )
    blue = np.median([one.mask / one.mask.max() for one in items if one.colour == "blue"], axis=0) ** (1 / light.GAMMA)
    print(f"light blue masks, displayed, over the largest: {np.round(blue, 3)}; of white, the renderer makes {known}")
    write("mask_light", {"masks": len(items), "rendered": known, "errors": figures, "cast": cast}, options.json)


if __name__ == "__main__":
    main()
