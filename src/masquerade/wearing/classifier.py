"""The wearing network on ONNX Runtime: crops in, probabilities out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from masquerade.errors import ModelContractBroken
from masquerade.faces.types import Faces
from masquerade.models import get_session
from masquerade.wearing.crops import MARGIN, face_crops
from masquerade.wearing.types import LABELS, PARTS, Wearing

MODEL = "wearing"
TASK = "mask-wearing"


def read_wearing(image: NDArray[np.uint8], faces: Faces, model: str = MODEL, batch: int = 16) -> Wearing:
    """Tell for each face whether and how a mask is worn.

    Args:
        image: (height, width, 3) uint8 RGB.
        faces: n faces of that picture.
        model: name of a registered model of the task ``mask-wearing``.
        batch: how many faces go through the network at once.

    Returns:
        Probabilities of the labels and of the parts that show, n rows.

    Raises:
        ModelUnknown, ModelHashMismatch, ModelContractBroken: the model cannot be used.
    """
    card = get_session(model).card
    size, margin = card.parameters.get("size"), card.parameters.get("margin", MARGIN)
    if card.task != TASK or not isinstance(size, int) or not isinstance(margin, float | int):
        raise ModelContractBroken(
            f"{card.name}: expected the task {TASK} and the parameters size and margin, "
            f"got the task {card.task} and {card.parameters}"
        )
    return classify_crops(face_crops(image, faces.boxes, size, margin), model, batch)


def classify_crops(crops: NDArray[np.uint8], model: str = MODEL, batch: int = 16) -> Wearing:
    """Classify crops (n, size, size, 3) uint8 RGB as ``face_crops`` cuts them."""
    session = get_session(model)
    probabilities = np.zeros((len(crops), len(LABELS)), np.float32)
    visible = np.zeros((len(crops), len(PARTS)), np.float32)
    for start in range(0, len(crops), batch):
        part = slice(start, start + batch)
        pixels = np.ascontiguousarray(crops[part].transpose(0, 3, 1, 2), np.float32)
        outputs = session.run({"pixels": pixels})
        probabilities[part] = outputs["probabilities"]
        visible[part] = outputs["visible"]
    return Wearing(probabilities, visible)
