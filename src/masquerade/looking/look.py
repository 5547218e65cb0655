"""Look at one picture: decode, find the faces, tell how each wears a mask."""

from __future__ import annotations

from masquerade.faces.finder import Effort, Search, find_faces
from masquerade.image import ImageSource, read_image
from masquerade.looking.seen import Seen
from masquerade.settings import get_settings
from masquerade.wearing.classifier import read_wearing


def look(
    source: ImageSource,
    *,
    effort: Effort = "photo",
    search: Search | None = None,
    confidence: float | None = None,
    model: str | None = None,
) -> Seen:
    """Find every face in a picture and tell how its mask is worn. Nothing is stored and nobody identified.

    Args:
        source: path, bytes, file object, Pillow image or array (height, width[, channels]), RGB.
        effort: ``photo`` searches at several scales; ``frame`` makes one pass, for video.
        search: limits of the search; by default those of the settings.
        confidence: lowest probability, 0 to 1, at which a label is given; a face below it is ``undecided``. By default
            the setting ``wearing_confidence``.
        model: registered model that tells the wearing; by default the setting ``wearing_model``.

    Returns:
        The faces, the largest first; empty when there are none.

    Raises:
        ImageError: the picture cannot be used; the subclass and its ``code`` say why.
        ModelError: a model of the package is damaged.
    """
    image = read_image(source)
    faces = find_faces(image, effort, search)
    confidence = get_settings().wearing_confidence if confidence is None else confidence
    return Seen(faces=faces, wearing=read_wearing(image, faces, model), confidence=confidence)
