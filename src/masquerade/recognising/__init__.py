"""Recognising: photos to templates and verdicts, masked faces compared with masked ones."""

from masquerade.recognising.choosing import believed, choose_faces, credible, one_a_head
from masquerade.recognising.covering import mouth_covered
from masquerade.recognising.drawn import STANDARD, DrawnMasks
from masquerade.recognising.enrolling import Enrolled, read_templates, templates_of, usable_among, usable_faces
from masquerade.recognising.floor import QualityFloor
from masquerade.recognising.many import templates_of_photos
from masquerade.recognising.processes import in_processes
from masquerade.recognising.verifying import FaceSide, Verdict, Verifier, make_verifier, verify

__all__ = [
    "STANDARD",
    "DrawnMasks",
    "Enrolled",
    "FaceSide",
    "QualityFloor",
    "Verdict",
    "Verifier",
    "believed",
    "choose_faces",
    "credible",
    "in_processes",
    "make_verifier",
    "mouth_covered",
    "one_a_head",
    "read_templates",
    "templates_of",
    "templates_of_photos",
    "usable_among",
    "usable_faces",
    "verify",
]
