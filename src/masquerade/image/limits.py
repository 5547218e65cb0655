"""How large a picture may be: checked before memory is spent on it."""

from __future__ import annotations

from dataclasses import dataclass

from masquerade.errors import ImageEmpty, ImageTooLarge, SettingsInvalid
from masquerade.settings import get_settings

MAX_SIDE = 65_535
"""The longest side of a picture in pixels, as in JPEG.

The product alone would admit 50,000,000 x 1: no photo, but work for every step that goes by columns or rows.
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest picture that is read. No side may be longer than ``MAX_SIDE``, whatever the limits.

    Attributes:
        max_bytes: bytes of the file.
        max_pixels: width times height.
    """

    max_bytes: int
    max_pixels: int

    def __post_init__(self) -> None:
        """Refuse limits below 1 with SettingsInvalid."""
        if self.max_bytes < 1 or self.max_pixels < 1:
            raise SettingsInvalid(
                f"max_bytes={self.max_bytes}, max_pixels={self.max_pixels}; expected at least 1 for both"
            )

    @classmethod
    def from_settings(cls) -> Limits:
        """Return the limits that the settings of this process name."""
        settings = get_settings()
        return cls(max_bytes=settings.max_bytes, max_pixels=settings.max_pixels)

    def check_bytes(self, count: int, name: str, *, at_least: bool = False) -> None:
        """Raise ImageTooLarge when ``count`` bytes are too many.

        Args:
            count: bytes found.
            name: what to call the picture in the message.
            at_least: True when reading stopped at ``count`` and there is more.
        """
        if count > self.max_bytes:
            found = f"{'at least ' if at_least else ''}{count:,} bytes"
            raise ImageTooLarge(
                f"{name}: {found}, expected at most {self.max_bytes:,}",
                hint="MASQUERADE_MAX_BYTES sets the limit",
            )

    def check_pixels(self, width: int, height: int, name: str) -> None:
        """Raise ImageEmpty for a picture without pixels, ImageTooLarge for too many or a side over MAX_SIDE."""
        if width <= 0 or height <= 0:
            raise ImageEmpty(f"{name}: {width} x {height} pixels, expected at least 1 x 1")
        if width * height > self.max_pixels:
            raise ImageTooLarge(
                f"{name}: {width} x {height} = {width * height:,} pixels, expected at most {self.max_pixels:,}",
                hint="scale the picture down, or MASQUERADE_MAX_PIXELS sets the limit",
            )
        if max(width, height) > MAX_SIDE:
            raise ImageTooLarge(
                f"{name}: {width} x {height} pixels, expected sides of at most {MAX_SIDE:,}",
                hint="scale the picture down, or cut it into pieces",
            )
