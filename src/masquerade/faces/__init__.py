"""Faces: finding them, their landmarks, pose, alignment and quality."""

from masquerade.faces.align import ARCFACE_TEMPLATE, align_faces, alignment
from masquerade.faces.finder import Search, detect_faces, find_faces
from masquerade.faces.mesh import fit_mesh, key_points
from masquerade.faces.pose import head_pose
from masquerade.faces.quality import Quality, assess
from masquerade.faces.types import Faces

__all__ = [
    "ARCFACE_TEMPLATE",
    "Faces",
    "Quality",
    "Search",
    "align_faces",
    "alignment",
    "assess",
    "detect_faces",
    "find_faces",
    "fit_mesh",
    "head_pose",
    "key_points",
]
