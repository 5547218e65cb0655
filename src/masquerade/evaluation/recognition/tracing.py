"""Names under which templates are kept: they tell of which content, and in which way, each was made."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import masquerade
from masquerade.datasets.identities import PairList
from masquerade.evaluation.recognition.photos import Reader
from masquerade.faces import mesh, yunet
from masquerade.files import sha256_of
from masquerade.models import get_model
from masquerade.recognising import STANDARD, QualityFloor
from masquerade.settings import get_settings

DIGITS = 16
SETTINGS = ("face_threshold", "min_face", "max_bytes", "max_pixels")
"""Settings that what is seen in a photo depends on."""


@dataclass(frozen=True, slots=True)
class Names:
    """Names of the versions of photos, as they stand in a file of templates.

    A template under another name is not taken: its photo has changed, or it was made in another way.

    Attributes:
        pairs: whose photos.
        reader: how they are read.
        contents: of each photo, the first digits of its SHA-256.
        way: digits of all else that templates depend on: models, settings, masks that are drawn on bare faces, floor of
            quality. The embedder stands in the file itself.
    """

    pairs: PairList
    reader: Reader
    contents: tuple[str, ...]
    way: str

    @classmethod
    def of(cls, pairs: PairList, reader: Reader) -> Names:
        """Read the photos' contents.

        Raises:
            ModelError: a model is not known.
        """
        settings = get_settings()
        models = [get_model(name).card.sha256 for name in (yunet.MODEL, mesh.MODEL, settings.wearing_model)]
        values = [getattr(settings, name) for name in SETTINGS]
        way = repr((masquerade.__version__, models, values, STANDARD, QualityFloor()))
        contents = []
        for path in pairs.photos:
            try:
                contents.append(sha256_of(path)[:DIGITS])
            except OSError:  # it will give no template, and its failure counts until it can be read
                contents.append("unread")
        return cls(pairs, reader, tuple(contents), hashlib.sha256(way.encode()).hexdigest()[:DIGITS])

    def bare(self, photo: int) -> str:
        """The photo as it is."""
        return f"{self.pairs.photos[photo]}#{self.reader.faces} {self.contents[photo]} {self.way}"

    def drawn(self, photo: int) -> str:
        """The photo with a mask drawn on, which follows from the name below the root; that differs by root."""
        drawing = self.reader.drawing
        return f"{self.bare(photo)} mask {drawing.seed} {'/'.join(drawing.kinds)} {self.pairs.place(photo)}"

    def plain(self) -> dict[str, str]:
        """The name of each photo by its path, where names without any mark stand for what is asked for."""
        if self.reader.faces != "largest":
            return {}
        return {str(path): self.bare(photo) for photo, path in enumerate(self.pairs.photos)}
