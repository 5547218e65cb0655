"""The part of a picture on which one thing is painted: rounded forms lit as the face is, edges soft by one pixel."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masquerade.geometry import opencv
from masquerade.masks.light import GAMMA, Light
from masquerade.masks.occluders.frame import Frame, Place
from masquerade.masks.rendering import Layer
from masquerade.masks.types import rgb

Floats = NDArray[np.float32]
Window = tuple[slice, slice]

FINE_UNIT, COARSE_UNIT = 44.0, 120.0
"""Pixels of a unit below which is painted finer than the picture, and above which more coarsely."""
NOISE_SIDE = 256


class Stage:
    """A canvas over a part of the picture.

    Attributes:
        frame: the head's frame.
        u, v: (h, w) float32: where each of its pixels lies in the frame.
        pixel: size of one of its pixels in the frame.
        rgb: (h, w, 3) float32: display values times alpha, before the veil.
        alpha: (h, w) float32.
        skin: (3,) display values of the face's skin.
    """

    def __init__(
        self, frame: Frame, light: Light, size: tuple[int, int], reach: tuple[float, float, float, float], gain: float
    ) -> None:
        """Lay the canvas out.

        Args:
            frame: the head's frame.
            light: the light on the face.
            size: (width, height) of the picture.
            reach: u0, v0, u1, v1 of the frame that may be painted on.
            gain: factor of brightness.
        """
        u0, v0, u1, v1 = reach
        corners = np.array([frame.pixel(u, v) for u in (u0, u1) for v in (v0, v1)])
        low = np.clip(np.floor(corners.min(axis=0)), 0, np.array(size)).astype(int)
        high = np.clip(np.ceil(corners.max(axis=0)) + 1, 0, np.array(size)).astype(int)
        self.frame, self.corner = frame, (int(low[0]), int(low[1]))
        self.size = (max(0, int(high[0] - low[0])), max(0, int(high[1] - low[1])))
        step = 0.5 if frame.unit < FINE_UNIT else max(1.0, frame.unit / COARSE_UNIT)
        columns, rows = (max(1, round(side / step)) for side in self.size)
        across = (np.arange(columns, dtype=np.float32) + 0.5) * (self.size[0] / columns) - 0.5 + self.corner[0]
        down = (np.arange(rows, dtype=np.float32) + 0.5) * (self.size[1] / rows) - 0.5 + self.corner[1]
        x = ((across - frame.origin[0]) / frame.unit).astype(np.float32)[None]
        y = ((down - frame.origin[1]) / frame.unit).astype(np.float32)[:, None]
        cosine, sine = np.float32(frame.cosine), np.float32(frame.sine)
        self.u, self.v = x * cosine + y * sine, y * cosine - x * sine
        self.step, self.pixel = step, step / frame.unit
        self.rgb = np.zeros((rows, columns, 3), np.float32)
        self.alpha = np.zeros((rows, columns), np.float32)
        self._light, self._gain = light, gain
        self._slope = _turned(light, frame.yaw)
        self.skin = np.maximum(light.skin - np.float32(light.veil), np.float32(0.01))

    @property
    def empty(self) -> bool:
        """Whether nothing of it lies in the picture."""
        return min(self.size) < 1

    def colour(self, name: str, factor: float = 1.0) -> Floats:
        """The display values (3,) of cloth of a colour ``#rrggbb`` that faces the viewer."""
        cloth = np.array(rgb(name), np.float32) / 255 * self._light.white * np.float32(1 - self._light.veil)
        return np.asarray(cloth * np.float32(factor * self._gain), np.float32)

    @property
    def white(self) -> float:
        """Display value of white cloth that faces the viewer."""
        return float(self._light.white.mean())

    def shades(self, across: Floats, down: Floats) -> Floats:
        """Brightness of a surface by its normal's share across and down, in display values."""
        front = np.sqrt(np.maximum(1 - across * across - down * down, 0))
        slope = self._slope
        linear = slope[0] + slope[1] * across + slope[2] * down - slope[3] * front
        lit = np.clip(linear, 0.18, 1.7) ** np.float32(1 / GAMMA)
        return np.asarray(lit * (0.72 + 0.28 * front), np.float32)

    def window(self, places: Sequence[Place], margin: float) -> Window:
        """The rows and columns within a margin of places in the frame."""
        pixels = [self.frame.pixel(u, v) for u, v in places]
        reach = margin * self.frame.unit + 2
        rows, columns = self.alpha.shape

        def span(values: list[float], start: int, limit: int) -> slice:
            low, high = (min(values) - start - reach) / self.step, (max(values) - start + reach) / self.step
            first = min(max(int(low), 0), limit)
            return slice(first, max(first, min(int(high) + 1, limit)))

        return (
            span([y for _, y in pixels], self.corner[1], rows),
            span([x for x, _ in pixels], self.corner[0], columns),
        )

    def soft(self, inside: Floats, blur: float = 0.0) -> Floats:
        """From a signed distance in units, positive inside, to 0 to 1."""
        return np.asarray(np.clip(inside / np.float32(self.pixel + blur) + np.float32(0.5), 0, 1), np.float32)

    def lay(self, window: Window, alpha: Floats, colours: Floats) -> None:
        """Lay colours, (3,) or (h, w, 3), over what is there."""
        part = self.rgb[window]
        part += (colours - part) * alpha[..., None]
        below = self.alpha[window]
        below += (1 - below) * alpha

    def shadow(self, window: Window, alpha: Floats) -> None:
        """Darken what is painted already."""
        self.rgb[window] *= (1 - alpha)[..., None]

    def limb(self, start: Place, end: Place, radii: tuple[float, float], colour: Floats, **how: float) -> None:
        """Paint a rounded, tapering rod.

        Args:
            start: one end.
            end: the other.
            radii: at both.
            colour: (3,).
            how: ``gap``: darkness of the shadow around it on what is painted already; ``flat``: 1 for a flat one;
                ``share``: how much of it covers.
        """
        gap, flat, share = how.get("gap", 0.0), how.get("flat", 0.0), how.get("share", 1.0)
        window = self.window([start, end], max(radii) * 1.4)
        u, v = self.u[window], self.v[window]
        if not u.size:
            return
        _, side, distance, radius = rod(u, v, start, end, radii)
        if gap:
            self.shadow(window, gap * np.clip(1.3 - distance / radius, 0, 0.3) / 0.3)
        lean = np.float32(1 - flat) / np.maximum(radius, 1e-6)
        across, down = side[0] * lean, side[1] * lean
        length = np.maximum(np.hypot(across, down), 1)
        lit = self.shades(across / length * np.float32(0.97), down / length * np.float32(0.97))
        self.lay(window, self.soft(radius - distance) * np.float32(share), colour * lit[..., None])

    def polygon(self, places: Sequence[Place], blur: float = 0.0) -> Floats:
        """1 inside a polygon of the frame, 0 outside: (h, w) float32; ``blur`` of its edge in units."""
        cv2 = opencv()
        pixels = (np.array([self.frame.pixel(u, v) for u, v in places]) - self.corner + 0.5) / self.step - 0.5
        inside = np.zeros(self.alpha.shape, np.uint8)
        fixed = np.clip(np.round(pixels * 16), -(2**28), 2**28).astype(np.int32)
        cv2.fillPoly(inside, [fixed], 255, cv2.LINE_AA, 4)
        result = inside.astype(np.float32) * np.float32(1 / 255)
        sigma = blur / self.pixel
        return np.asarray(cv2.GaussianBlur(result, (0, 0), sigma) if sigma > 0.3 else result, np.float32)

    def noise(self, across: NDArray[Any], down: NDArray[Any], seed: int) -> Floats:
        """Smooth noise, standard deviation about 1, at places given in waves across and down."""
        cv2 = opencv()
        if not across.size:
            return np.zeros(across.shape, np.float32)
        x = np.asarray(across * 4 + seed % 977, np.float32)
        y = np.asarray(down * 4 + seed % 389, np.float32)
        return np.asarray(cv2.remap(_tile(seed % 4), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP), np.float32)

    def layer(self) -> Layer | None:
        """What was painted, at the picture's size, no larger than it need be; None when that is nothing."""
        cv2 = opencv()
        left, top, width, height = cv2.boundingRect((self.alpha > 1 / 512).astype(np.uint8))
        if not width:
            return None
        # Whole pixels of the picture, with room for a border.
        scale = np.array([self.alpha.shape[1] / self.size[0], self.alpha.shape[0] / self.size[1]])
        low = np.clip(np.floor(np.array([left, top]) / scale) - 2, 0, None).astype(int)
        high = np.minimum(np.ceil(np.array([left + width, top + height]) / scale).astype(int) + 2, self.size)
        first, last = np.round(low * scale).astype(int), np.round(high * scale).astype(int)
        part = (slice(first[1], last[1]), slice(first[0], last[0]))
        alpha, veil = self.alpha[part], np.float32(self._light.veil)
        colours = cv2.min(self.rgb[part] + (alpha * veil)[..., None], cv2.merge([alpha, alpha, alpha]))
        rgba = np.dstack([colours, alpha]) * np.float32(255)
        size = (int(high[0] - low[0]), int(high[1] - low[1]))
        if rgba.shape[:2] != size[::-1]:
            shrinks = rgba.shape[1] > size[0]
            rgba = cv2.resize(rgba, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        return Layer(np.asarray(rgba, np.float32), (self.corner[0] + int(low[0]), self.corner[1] + int(low[1])))


def rod(u: Floats, v: Floats, start: Place, end: Place, radii: tuple[float, float]) -> tuple[Any, ...]:
    """Places beside a rod: share along it, the vector from its middle line, its length, the rod's radius there."""
    du, dv = end[0] - start[0], end[1] - start[1]
    length = max(du * du + dv * dv, 1e-9)
    along = np.clip(
        ((u - np.float32(start[0])) * np.float32(du) + (v - np.float32(start[1])) * np.float32(dv)) / length, 0, 1
    )
    along = along.astype(np.float32)
    across = u - np.float32(start[0]) - along * np.float32(du)
    down = v - np.float32(start[1]) - along * np.float32(dv)
    radius = np.float32(radii[0]) + along * np.float32(radii[1] - radii[0])
    return along, (across, down), np.hypot(across, down), radius


@lru_cache(maxsize=4)
def _tile(seed: int) -> Floats:
    cv2 = opencv()
    rough = np.random.default_rng(seed).standard_normal((NOISE_SIDE, NOISE_SIDE)).astype(np.float32)
    around = np.pad(rough, 8, mode="wrap")
    smooth = cv2.GaussianBlur(around, (0, 0), 1.3)[8:-8, 8:-8]
    return np.asarray(smooth / smooth.std(), np.float32)


def _turned(light: Light, yaw: float) -> Floats:
    """The slope of the light for normals as the viewer sees them, not as the head turns."""
    even, across, down, depth = (float(value) for value in light.slope)
    cosine, sine = float(np.cos(yaw)), float(np.sin(yaw))
    turned = np.array([even, cosine * across - sine * depth, down, sine * across + cosine * depth], np.float32)
    front = max(0.4, float(turned[0] - turned[3]))
    return np.asarray(turned / np.float32(front), np.float32)
