"""Before the first photo: models loaded, checked against their hashes, and run once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from masquerade.faces import Faces
from masquerade.faces.mesh import MODEL as MESH
from masquerade.faces.mesh import fit_mesh
from masquerade.faces.yunet import MODEL as YUNET
from masquerade.looking import look
from masquerade.models import get_session
from masquerade.settings import get_settings
from masquerade.wearing import read_wearing

if TYPE_CHECKING:
    from masquerade.service.work.decoder import Decoders

POINTS = [(125, 105), (175, 105), (150, 130), (130, 155), (170, 155)]
"""Key points of a face that is not there."""


def warm_up(decoders: Decoders) -> tuple[str, ...]:
    """Start the decoders, load all models that photos need, and run each once.

    Args:
        decoders: are started meanwhile; they take longer than the models, on a core of their own.

    Returns:
        Names of the models, each compared with the hash in its card.

    Raises:
        ModelError: a model is missing, damaged or does not fit its card.
        WorkerLost: the decoders cannot be started.
    """
    decoders.begin()
    names = (YUNET, MESH, get_settings().wearing_model)
    for name in names:
        get_session(name)
    image = np.full((240, 320, 3), 128, np.uint8)
    look(image, effort="frame")
    box, points = np.array([[100, 60, 200, 180]], np.float32), np.array([POINTS], np.float32)
    fit_mesh(image, box, points)
    read_wearing(image, Faces(size=(320, 240), boxes=box, scores=np.ones(1, np.float32), points=points))
    decoders.start()
    return names
