"""Recognising: photos to templates and verdicts, masked faces compared with masked ones."""

from masquerade.recognising.covering import mouth_covered
from masquerade.recognising.drawn import STANDARD, DrawnMasks
from masquerade.recognising.enrolling import read_templates, templates_of, usable_faces
from masquerade.recognising.floor import QualityFloor
from masquerade.recognising.many import templates_of_photos
from masquerade.recognising.verifying import FaceSide, Verdict, Verifier, make_verifier, verify

__all__ = [
    "STANDARD",
    "DrawnMasks",
    "FaceSide",
    "QualityFloor",
    "Verdict",
    "Verifier",
    "make_verifier",
    "mouth_covered",
    "read_templates",
    "templates_of",
    "templates_of_photos",
    "usable_faces",
    "verify",
]
