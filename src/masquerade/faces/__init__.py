"""Faces: finding them, their landmarks, pose, alignment and quality."""

from masquerade.faces.align import ARCFACE_TEMPLATE, align_faces, alignment, arcface_template, landmarks_in_crops
from masquerade.faces.finder import Search, detect_faces, detect_in_passes, find_faces
from masquerade.faces.mesh import fit_mesh, key_points
from masquerade.faces.pose import head_pose, mean_face
from masquerade.faces.quality import Quality, assess
from masquerade.faces.topology import mesh_triangles
from masquerade.faces.types import Faces, Pose

__all__ = [
    "ARCFACE_TEMPLATE",
    "Faces",
    "Pose",
    "Quality",
    "Search",
    "align_faces",
    "alignment",
    "arcface_template",
    "assess",
    "detect_faces",
    "detect_in_passes",
    "find_faces",
    "fit_mesh",
    "head_pose",
    "key_points",
    "landmarks_in_crops",
    "mean_face",
    "mesh_triangles",
]
