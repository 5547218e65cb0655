"""Looking: what joins pictures, faces and wearing into one answer, and shows it."""

from masquerade.looking.look import look
from masquerade.looking.seen import FaceWearing, Pose, Seen, SeenFace

__all__ = ["FaceWearing", "Pose", "Seen", "SeenFace", "look"]
