"""Views of faces for a network, a batch at once: the plain one, and random ones to learn from.

What is drawn for a batch is kept apart from how it is applied, and all of it follows from the seed
that it is drawn with: a run that was killed goes on with the very views that it would have seen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

GREY = 127.0
"""Beyond the picture, as ``wearing.crops`` has it."""
ROOM = 0.1
"""Pixels beyond the plain view on each side, as a share of its side, that random views may show."""


def room(size: int) -> int:
    """Pixels that are stored around the plain view on each side, so that it can be shifted and scaled."""
    return round(ROOM * size)


def to_pixels(images: NDArray[np.uint8]) -> Tensor:
    """Turn pictures (n, side, side, 3) uint8 RGB into a float batch (n, 3, side, side) of 0 to 255, channels last."""
    return torch.from_numpy(images).permute(0, 3, 1, 2).to(torch.float32)


def plain(images: NDArray[np.uint8], size: int) -> Tensor:
    """The plain view of stored pictures (n, side, side, 3): their middle, (n, 3, size, size) of 0 to 255."""
    edge = (images.shape[1] - size) // 2
    return to_pixels(np.ascontiguousarray(images[:, edge : edge + size, edge : edge + size]))


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """What chance does to n pictures.

    Attributes:
        matrices: (n, 2, 3) from the view to the stored picture, both in -1 to 1.
        gains: (n, 3) of each colour.
        contrasts, offsets: (n,) around the picture's mean; the offset in 0 to 255.
        grey: (n,) bool, whether colour is taken away.
        sides: (n,) side in pixels to which it is shrunk and widened again, or the view's own.
        noise: (n,) standard deviation in 0 to 255.
        spots: (n, 4) x, y, width, height in 0 to 1 of what is hidden; width 0 for nothing.
    """

    matrices: NDArray[np.float32]
    gains: NDArray[np.float32]
    contrasts: NDArray[np.float32]
    offsets: NDArray[np.float32]
    grey: NDArray[np.bool_]
    sides: NDArray[np.int64]
    noise: NDArray[np.float32]
    spots: NDArray[np.float32]


def draw(rng: np.random.Generator, count: int, stored: int, size: int) -> Draws:
    """Draw scale, shift, turn, mirror; light and colour; small size, noise; a hidden spot in the upper half.

    Args:
        rng: where chance comes from.
        count: how many pictures.
        stored: side of the stored pictures in pixels.
        size: side of the views in pixels.
    """
    scale = np.exp(rng.uniform(-0.18, 0.16, count)) * stored / size
    turn = np.deg2rad(rng.normal(0, 8, count))
    mirror = np.where(rng.random(count) < 0.5, -1.0, 1.0)
    shift = rng.uniform(-0.18, 0.18, (count, 2)) * size / stored
    cos, sin = np.cos(turn) / scale, np.sin(turn) / scale
    matrices = np.stack([cos * mirror, -sin, shift[:, 0], sin * mirror, cos, shift[:, 1]], axis=1)
    small = rng.random(count) < 0.4
    hidden = rng.random(count) < 0.2
    width, height = rng.uniform(0.1, 0.25, (2, count))
    spots = np.stack([rng.uniform(0, 1 - width), rng.uniform(0, 1 / 3, count), width * hidden, height], axis=1)
    return Draws(
        matrices=matrices.reshape(count, 2, 3).astype(np.float32),
        gains=rng.uniform(0.85, 1.15, (count, 3)).astype(np.float32),
        contrasts=rng.uniform(0.6, 1.4, count).astype(np.float32),
        offsets=rng.uniform(-40, 40, count).astype(np.float32),
        grey=rng.random(count) < 0.15,
        sides=np.where(small, rng.uniform(min(20, size), size, count), size).astype(np.int64),
        noise=np.where(rng.random(count) < 0.2, rng.uniform(2, 12, count), 0).astype(np.float32),
        spots=spots.astype(np.float32),
    )


def random_views(images: NDArray[np.uint8], size: int, rng: np.random.Generator) -> Tensor:
    """Random views of stored pictures (n, side, side, 3): (n, 3, size, size) of 0 to 255."""
    draws = draw(rng, len(images), images.shape[1], size)
    noise = rng.standard_normal((int((draws.noise > 0).sum()), 3, size, size), np.float32)
    return apply(images, size, draws, noise)


def apply(images: NDArray[np.uint8], size: int, draws: Draws, noise: NDArray[np.float32]) -> Tensor:
    """Apply what was drawn.

    Args:
        images: (n, side, side, 3) uint8 RGB.
        size: side of the views in pixels.
        draws: what chance does to each.
        noise: (m, 3, size, size) of unit deviation, for the m pictures that get any.

    Returns:
        (n, 3, size, size) float32 of 0 to 255.
    """
    grid = functional.affine_grid(torch.from_numpy(draws.matrices), [len(images), 3, size, size], align_corners=False)
    views = functional.grid_sample(to_pixels(images) - GREY, grid, align_corners=False) + GREY
    views = _shrink(views, draws.sides)
    grey = torch.from_numpy(draws.grey)
    views[grey] = views[grey].mean(dim=1, keepdim=True)
    views = views * torch.from_numpy(draws.gains)[:, :, None, None]
    mean = views.mean(dim=(1, 2, 3), keepdim=True)
    views = (views - mean) * _column(draws.contrasts) + mean + _column(draws.offsets)
    noisy = draws.noise > 0
    views[torch.from_numpy(noisy)] += torch.from_numpy(noise) * _column(draws.noise[noisy])
    return _hide(views, draws.spots).clamp_(0, 255).contiguous(memory_format=torch.channels_last)


def _column(values: NDArray[np.float32]) -> Tensor:
    return torch.from_numpy(values)[:, None, None, None]


def _shrink(views: Tensor, sides: NDArray[np.int64]) -> Tensor:
    """As if the face had been small: averaged down and widened again, those of about one side together."""
    size = views.shape[2]
    steps = np.unique(sides[sides < size] // 8 * 8)
    for step in steps:
        chosen = torch.from_numpy(np.flatnonzero((sides < size) & (sides // 8 * 8 == step)))
        side = max(8, int(step))
        low = functional.interpolate(views[chosen], (side, side), mode="bilinear", antialias=True)
        views[chosen] = functional.interpolate(low, (size, size), mode="bilinear")
    return views


def _hide(views: Tensor, spots: NDArray[np.float32]) -> Tensor:
    """Hide a spot where it cannot change the label, in the mean colour of the picture."""
    size = views.shape[2]
    for index in np.flatnonzero(spots[:, 2]):
        x, y, width, height = (math.ceil(value * size) for value in spots[index])
        views[index, :, y : y + height, x : x + width] = views[index].mean(dim=(1, 2), keepdim=True)
    return views


def normalised(pixels: Tensor, mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    """Turn pixels of 0 to 255 (n, 3, size, size) into what the network takes."""
    middle, scale = (torch.tensor(values).view(1, 3, 1, 1) * 255 for values in (mean, std))
    return (pixels - middle) / scale
