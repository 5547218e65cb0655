"""Libraries of masks cut out of photos: build one, load it, draw from it."""

from masquerade.masks.library.building import DEFAULT_KIND, MIN_FACE, Built, build_library
from masquerade.masks.library.contact import contact_sheet
from masquerade.masks.library.reading import Library, load_library
from masquerade.masks.library.types import VERSION, Entry, Refused, Source

__all__ = [
    "DEFAULT_KIND",
    "MIN_FACE",
    "VERSION",
    "Built",
    "Entry",
    "Library",
    "Refused",
    "Source",
    "build_library",
    "contact_sheet",
    "load_library",
]
