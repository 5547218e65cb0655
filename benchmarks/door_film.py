"""Films of a door for ``benchmarks.door``, made in memory: who walks up to the camera, and what it adds.

The camera is one of 640x480 at head height. Who walks to it at a steady pace grows as 1 / distance; the body sways and
bobs with the steps, the head tilts. A frame is the background with the visitors laid on it, blurred by their motion and
the lens, at an exposure that drifts, with the sensor's noise, and compressed as JPEG.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.door_visitors import NEAR, Box, Cutout, Pixels
from masquerade.geometry import opencv
from masquerade.live.types import Frame

SIZE = (640, 480)
FPS = 25.0
QUALITY = 70
STEPS = 1.9
"""Steps a second."""
SHUTTER = 0.35
"""Share of the time between two frames for which the sensor takes in light."""
FADE = 0.2
"""Seconds that a mask takes to be pulled off."""
LIGHT_EVERY, THING_EVERY, THING_TAKES = 30.0, 8.0, 3.0
"""Seconds between two times that the light goes on, and two things that pass; and that one is in view."""


@dataclass(frozen=True, slots=True)
class Walk:
    """How somebody walks up to the camera.

    Attributes:
        begins: seconds of the film at which the visitor is first seen.
        lasts: seconds of walking; then the visitor stands.
        far, near: height of the face at the beginning and at the end, in pixels.
        start, end: x of the face at the beginning and at the end, as shares of the frame's width.
        eyes: y of the face, as a share of the frame's height.
        sway, tilt: of the body in heights of the face, of the head in degrees.
        phase: of the steps, in radians.
    """

    begins: float = 0.3
    lasts: float = 3.4
    far: float = 40.0
    near: float = NEAR
    start: float = 0.5
    end: float = 0.5
    eyes: float = 0.42
    sway: float = 0.12
    tilt: float = 4.0
    phase: float = 0.0

    @staticmethod
    def drawn(rng: np.random.Generator, lane: tuple[float, float] = (0.3, 0.7)) -> Walk:
        """A walk by chance, between two shares of the frame's width."""
        return Walk(
            lasts=float(rng.uniform(3.0, 4.0)),
            start=float(rng.uniform(*lane)),
            end=float(np.clip(np.mean(lane) + rng.uniform(-0.06, 0.06), *lane)),
            eyes=float(rng.uniform(0.36, 0.46)),
            sway=float(rng.uniform(0.06, 0.16)),
            tilt=float(rng.uniform(1, 6)),
            phase=float(rng.uniform(0, 2 * math.pi)),
        )

    def height(self, time: float) -> float:
        """Height of the face in pixels: as 1 / distance, where the distance falls evenly."""
        gone = min(1.0, max(0.0, (time - self.begins) / self.lasts))
        ratio = self.near / self.far
        return self.near / (ratio + (1 - ratio) * gone)

    def place(self, time: float) -> tuple[float, float, float]:
        """Centre x and y of the face in pixels, and tilt in degrees."""
        gone = min(1.0, max(0.0, (time - self.begins) / self.lasts))
        tall = self.height(time)
        step = 2 * math.pi * STEPS * time + self.phase
        ease = 1.0 if gone < 1 else 0.4  # whoever stands still moves less
        share = self.start + (self.end - self.start) * gone
        x = SIZE[0] * share + ease * self.sway * tall * math.sin(step / 2)
        y = SIZE[1] * self.eyes + ease * 0.04 * tall * math.sin(step) + 0.1 * (tall - self.far)
        return x, y, ease * self.tilt * math.sin(step / 2 + 0.7)

    def box(self, time: float, shape: float) -> Box:
        """The face's box where it is ``shape`` times as wide as high; without the tilt."""
        x, y, _ = self.place(time)
        tall = self.height(time)
        return x - shape * tall / 2, y - tall / 2, x + shape * tall / 2, y + tall / 2

    def first_at(self, tall: float) -> float:
        """Seconds of the film from which on the face has this height."""
        ratio = self.near / self.far
        return self.begins + self.lasts * min(1.0, max(0.0, (ratio - self.near / tall) / (ratio - 1)))


@dataclass(frozen=True, slots=True)
class Camera:
    """What the camera does to the picture.

    Attributes:
        gain: of the light, 1 for a well lit door.
        drift: by how much the exposure goes up and down, as a share.
        noise: standard deviation of the sensor's noise, of 255.
        blur: of the lens, standard deviation in pixels.
    """

    gain: float = 1.0
    drift: float = 0.12
    noise: float = 2.5
    blur: float = 0.6


DARK = Camera(gain=0.1, noise=6.0)
"""A tenth of the light, with the noise of a sensor that makes up for some of it."""


class Actor:
    """A visitor on the way: cutouts that take turns, and the walk."""

    def __init__(self, cutouts: Sequence[Cutout], walk: Walk, turns_at: float = math.inf) -> None:
        """Take one cutout, or the one before and the one after a change in the middle of ``turns_at``."""
        self.walk, self.turns_at = walk, turns_at
        self._levels = [_levels(cutout) for cutout in cutouts]
        self.boxes = [cutout.box for cutout in cutouts]
        x0, y0, x1, y1 = cutouts[0].box
        self.shape = (x1 - x0) / (y1 - y0)

    def box(self, time: float) -> Box:
        """Where the face is."""
        return self.walk.box(time, self.shape)

    def put(self, frame: NDArray[np.float32], time: float) -> None:
        """Lay the visitor on a frame (height, width, 3) float32, in place."""
        if time < self.walk.begins:
            return
        turned = min(1.0, max(0.0, (time - self.turns_at) / FADE + 0.5)) if len(self._levels) > 1 else 0.0
        parts = [(0, 1 - turned), (1, turned)]
        layer = sum(share * self._layer(index, time) for index, share in parts if share > 0)
        blurred = self._smeared(np.asarray(layer, np.float32), time)
        frame *= 1 - blurred[..., 3:]
        frame += blurred[..., :3]

    def _layer(self, index: int, time: float) -> NDArray[np.float32]:
        """The visitor alone, (height, width, 4) float32, colours times alpha."""
        cv2 = opencv()
        x, y, tilt = self.walk.place(time)
        x0, y0, x1, y1 = self.boxes[index]
        scale = self.walk.height(time) / (y1 - y0)
        level = min(len(self._levels[index]) - 1, max(0, math.floor(-math.log2(scale))))
        picture = self._levels[index][level]
        turn = cv2.getRotationMatrix2D(((x0 + x1) / 2, (y0 + y1) / 2), -tilt, scale)
        turn[:, 2] += (x - (x0 + x1) / 2, y - (y0 + y1) / 2)
        turn[:, :2] *= 2**level
        return np.asarray(cv2.warpAffine(picture, turn, SIZE, flags=cv2.INTER_LINEAR), np.float32)

    def _smeared(self, layer: NDArray[np.float32], time: float) -> NDArray[np.float32]:
        """The layer along its motion while the shutter is open."""
        cv2 = opencv()
        here, there = self.walk.place(time), self.walk.place(time + SHUTTER / FPS)
        apart = np.array([there[0] - here[0], there[1] - here[1]])
        if np.abs(apart).max() < 0.5:
            return layer
        side = 2 * math.ceil(float(np.abs(apart).max())) + 3
        kernel = np.zeros((side, side), np.float32)
        for share in np.linspace(0, 1, 4 * side):
            x, y = side // 2 + share * apart
            kernel[round(y), round(x)] += 1
        return np.asarray(cv2.filter2D(layer, -1, kernel / kernel.sum()), np.float32)


def _levels(cutout: Cutout) -> list[NDArray[np.float32]]:
    """The cutout, half of it, a quarter of it and so on, colours times alpha."""
    cv2 = opencv()
    alpha = cutout.alpha[..., None]
    levels = [np.concatenate([cutout.image * alpha, alpha], axis=2).astype(np.float32)]
    while min(levels[-1].shape[:2]) >= 32:
        height, width = levels[-1].shape[:2]
        levels.append(cv2.resize(levels[-1][: height // 2 * 2, : width // 2 * 2], None, fx=0.5, fy=0.5,
                                 interpolation=cv2.INTER_AREA))  # fmt: skip
    return levels


class Film:
    """Takes the pictures of one scene."""

    def __init__(self, back: Pixels, actors: Sequence[Actor], camera: Camera, seed: int) -> None:
        """Take what is behind (480, 640, 3), who comes, the camera, and the seed of all that is drawn by chance."""
        self.actors, self._camera = actors, camera
        self._back = back.astype(np.float32)
        rng = np.random.default_rng(seed)
        self._phase = float(rng.uniform(0, 2 * math.pi))
        self._noise = rng.normal(0, camera.noise, (2, SIZE[1] + 64, SIZE[0] + 64, 3)).astype(np.float32)
        self._rng = rng

    def frames(self, seconds: float, fps: float = FPS) -> Iterator[Frame]:
        """The film, frame by frame."""
        for number in range(round(seconds * fps)):
            yield self.frame(number / fps, number)

    def frame(self, time: float, number: int) -> Frame:
        """One picture."""
        picture = self._back.copy()
        for actor in sorted(self.actors, key=lambda actor: actor.walk.height(time)):
            actor.put(picture, time)
        return Frame(self.taken(picture, time), time, number)

    def taken(self, picture: NDArray[np.float32], time: float) -> Pixels:
        """What the camera makes of a scene (height, width, 3) float32, 0 to 255."""
        cv2, camera = opencv(), self._camera
        if camera.blur:
            picture = cv2.GaussianBlur(picture, (0, 0), camera.blur)
        gain = camera.gain * (1 + camera.drift * math.sin(2.1 * time + self._phase))
        u, v = self._rng.integers(0, 64, 2)
        noise = self._noise[number_of(time) % 2, v : v + SIZE[1], u : u + SIZE[0]]
        # Light is added and multiplied before the curve of the screen (2.2), noise is seen after it.
        shown = np.clip(picture * gain ** (1 / 2.2) + noise, 0, 255).astype(np.uint8)
        done, data = cv2.imencode(".jpg", shown[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        if not done:
            raise RuntimeError("a frame could not be compressed")
        return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])


def empty_frames(backs: Sequence[Pixels], seconds: float, fps: float, seed: int) -> Iterator[Frame]:
    """A door to which nobody comes: the view drifts, things are carried past, the light goes on and off.

    Args:
        backs: pictures (h, w, 3) uint8 larger than a frame; each is the view for an equal part of the time, and a part
            of it is carried past the next one.
        seconds: of the source.
        fps: frames a second.
        seed: of the places.
    """
    rng = np.random.default_rng(seed)
    films = (Film(np.zeros((SIZE[1], SIZE[0], 3), np.uint8), [], camera, seed) for camera in (Camera(), DARK))
    lit, dark = films
    things = [_thing(rng, back) for back in backs]
    for number in range(round(seconds * fps)):
        time = number / fps
        turn = min(len(backs) - 1, int(time / seconds * len(backs)))
        back, thing = backs[turn], things[turn - 1]
        spare = back.shape[1] - SIZE[0], back.shape[0] - SIZE[1]
        x, y = (
            round(room * (0.5 + 0.5 * math.sin(rate * time))) for room, rate in zip(spare, (0.23, 0.31), strict=True)
        )
        view = back[y : y + SIZE[1], x : x + SIZE[0]].astype(np.float32)
        across = time % THING_EVERY / THING_TAKES
        if across < 1:
            left = round((SIZE[0] + thing.shape[1]) * across) - thing.shape[1]
            a, b = max(0, left), min(SIZE[0], left + thing.shape[1])
            view[-thing.shape[0] :, a:b] = thing[:, a - left : b - left]
        yield Frame((dark if time % LIGHT_EVERY > LIGHT_EVERY / 2 else lit).taken(view, time), time, number)


def _thing(rng: np.random.Generator, back: Pixels) -> Pixels:
    """A part of a picture, as something that is carried past."""
    height, width = (int(side) for side in rng.integers(150, 350, 2))
    y, x = int(rng.integers(0, back.shape[0] - height)), int(rng.integers(0, back.shape[1] - width))
    return back[y : y + height, x : x + width]


def number_of(time: float) -> int:
    """Number of the frame at a time of a film of ``FPS``."""
    return round(time * FPS)


def chosen(count: int, rate: str, seed: int) -> list[int]:
    """Which of the frames of a film of 25 a second are seen.

    Args:
        count: frames of the film.
        rate: frames a second as a number, or ``dropped``: half of them are lost by chance.
        seed: of that chance.
    """
    if rate == "dropped":
        kept = np.random.default_rng(seed).random(count) < 0.5
        return [int(number) for number in np.flatnonzero(kept)]
    step = FPS / float(rate)
    return [number for number in (int(k * step) for k in range(count)) if number < count]
