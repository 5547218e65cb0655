"""What the kiosk page is served with."""

from __future__ import annotations

from dataclasses import dataclass

from masquerade.errors import SettingsInvalid
from masquerade.image import Limits
from masquerade.service.kiosk.pages import LANGUAGES
from masquerade.settings import Settings, get_settings


@dataclass(frozen=True, slots=True)
class KioskConfig:
    """Languages and limits of the page. Times are in seconds.

    Attributes:
        languages: codes; one is always shown, several take turns, none leaves it to the browser.
        turn: how long each of several languages is shown.
        counts: whether the page may show the counts of the day.
        sessions: most browsers that send their camera's frames at once.
        max_bytes: largest frame as a JPEG.
        max_pixels: largest frame.
        side: longer side in pixels to which the page scales its frames.
        fps: most frames a second and browser.
        idle: a session that sends no frame for so long is closed.
        deadline: longest wait of a frame for a worker; it is dropped afterwards, the next one is newer.
        damaged: so many frames in a row that cannot be read end a session.
    """

    languages: tuple[str, ...] = ()
    turn: float = 8.0
    counts: bool = True
    sessions: int = 8
    max_bytes: int = 1_000_000
    max_pixels: int = 1920 * 1080
    side: int = 640
    fps: float = 15.0
    idle: float = 30.0
    deadline: float = 2.0
    damaged: int = 10

    def __post_init__(self) -> None:
        """Refuse a language that the page has no words for with SettingsInvalid."""
        unknown = [code for code in self.languages if code not in LANGUAGES]
        if unknown:
            raise SettingsInvalid(
                f"kiosk_languages: {', '.join(unknown)} is not known, expected some of {', '.join(LANGUAGES)}"
            )

    @classmethod
    def from_settings(cls, settings: Settings | None = None) -> KioskConfig:
        """Take what the settings say.

        Raises:
            SettingsInvalid: a language is not known.
        """
        settings = settings or get_settings()
        codes = (code.strip().lower() for code in settings.kiosk_languages.split(","))
        return cls(
            languages=tuple(dict.fromkeys(code for code in codes if code)),
            turn=settings.kiosk_turn,
            counts=settings.kiosk_counts,
            sessions=settings.kiosk_sessions,
        )

    @property
    def limits(self) -> Limits:
        """The largest frame."""
        return Limits(max_bytes=self.max_bytes, max_pixels=self.max_pixels)
