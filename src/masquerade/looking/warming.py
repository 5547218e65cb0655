"""Before the first picture: networks loaded, checked against their hashes, and run once."""

from __future__ import annotations

import numpy as np

from masquerade.faces import Faces
from masquerade.faces.mesh import MODEL as MESH
from masquerade.faces.mesh import fit_mesh
from masquerade.faces.yunet import MODEL as YUNET
from masquerade.looking.look import look
from masquerade.models import get_session
from masquerade.settings import get_settings
from masquerade.wearing import read_wearing

POINTS = [(125, 105), (175, 105), (150, 130), (130, 155), (170, 155)]
"""Key points of a face that is not there."""


def warm_networks() -> tuple[str, ...]:
    """Load all networks that a look needs, and run each once, so that the first picture waits for none.

    Returns:
        Names of the models, each compared with the hash in its card.

    Raises:
        ModelError: a model is missing, damaged or does not fit its card.
    """
    names = (YUNET, MESH, get_settings().wearing_model)
    for name in names:
        get_session(name)
    image = np.full((240, 320, 3), 128, np.uint8)
    look(image, effort="frame")
    box, points = np.array([[100, 60, 200, 180]], np.float32), np.array([POINTS], np.float32)
    fit_mesh(image, box, points)
    read_wearing(image, Faces(size=(320, 240), boxes=box, scores=np.ones(1, np.float32), points=points))
    return names
