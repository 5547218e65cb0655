"""The built-in masks' textures: drawn once, dyed and printed on demand."""

from masquerade.masks.art.textures import texture

__all__ = ["texture"]
