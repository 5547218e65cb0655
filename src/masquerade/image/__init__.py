"""Pictures: found, checked against limits, and decoded to upright RGB.

``read_image`` takes a path, bytes, a binary file object, a numpy array or a Pillow image and
gives ``(height, width, 3)`` uint8, or raises one of the ``Image...`` errors of ``masquerade.errors``.
"""

from __future__ import annotations

from masquerade.image.decode import read_header, read_image
from masquerade.image.header import Header
from masquerade.image.limits import Limits
from masquerade.image.listing import PICTURE_SUFFIXES, find_pictures
from masquerade.image.types import ImageSource, Pixels

__all__ = [
    "PICTURE_SUFFIXES",
    "Header",
    "ImageSource",
    "Limits",
    "Pixels",
    "find_pictures",
    "read_header",
    "read_image",
]
