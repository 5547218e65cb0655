"""The page's own files: read once, named by their content, served from memory and from nowhere else."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

STATIC = Path(__file__).parent / "static"
LANGUAGES = tuple(sorted(path.stem for path in (STATIC / "lang").glob("*.json")))
"""Codes of the languages that the page has words in."""
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; manifest-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content security policy of the page: nothing inline, nothing from elsewhere, no forms that go anywhere."""


@dataclass(frozen=True, slots=True)
class Page:
    """One file.

    Attributes:
        body: its bytes.
        kind: its media type.
        tag: its ETag.
    """

    body: bytes = field(repr=False)
    kind: str
    tag: str

    @property
    def headers(self) -> dict[str, str]:
        """Headers of the answer: a browser asks each time whether its copy still holds."""
        return {"ETag": self.tag, "Cache-Control": "no-cache", "Content-Security-Policy": POLICY}


@lru_cache(maxsize=1)
def pages() -> dict[str, Page]:
    """Give every file by its path below ``static``, with slashes."""
    found = {}
    for path in sorted(STATIC.rglob("*")):
        if path.is_file() and path.suffix in TYPES:
            body = path.read_bytes()
            tag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
            found[path.relative_to(STATIC).as_posix()] = Page(body, TYPES[path.suffix], tag)
    return found
