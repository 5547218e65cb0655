"""The types that pictures come as and are given as."""

from __future__ import annotations

import os
from typing import Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels: TypeAlias = NDArray[np.uint8]
"""(height, width, 3) uint8 RGB, C-contiguous, upright."""

ImageSource: TypeAlias = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | NDArray[Any] | Image.Image
"""A path, the bytes of a file, a binary file object, an RGB array, or a Pillow image."""
