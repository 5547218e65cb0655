"""Looking: what joins pictures, faces and wearing into one answer, and shows it."""

from masquerade.looking.look import look
from masquerade.looking.seen import FaceWearing, Seen, SeenFace

__all__ = ["FaceWearing", "Seen", "SeenFace", "look"]
