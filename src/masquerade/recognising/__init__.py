"""Recognising: photos to templates and verdicts, masked faces compared with masked ones."""

from masquerade.recognising.covering import mouth_covered
from masquerade.recognising.drawn import DrawnMasks
from masquerade.recognising.enrolling import Enrolled, read_templates, templates_of, usable_among, usable_faces
from masquerade.recognising.floor import QualityFloor
from masquerade.recognising.verifying import FaceSide, Verdict, Verifier, make_verifier, verify

__all__ = [
    "DrawnMasks",
    "Enrolled",
    "FaceSide",
    "QualityFloor",
    "Verdict",
    "Verifier",
    "make_verifier",
    "mouth_covered",
    "read_templates",
    "templates_of",
    "usable_among",
    "usable_faces",
    "verify",
]
