"""Wearing networks on ONNX Runtime: crops in, probabilities out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from masquerade.errors import ModelContractBroken
from masquerade.faces.types import Faces
from masquerade.models import get_session
from masquerade.models.card import ModelCard
from masquerade.settings import get_settings
from masquerade.wearing.crops import CROPS, MARGIN, Crop, face_crops
from masquerade.wearing.types import KINDS, LABELS, PARTS, Wearing

TASK = "mask-wearing"


@dataclass(frozen=True, slots=True)
class CropContract:
    """How a model wants its faces cut, and which labels it knows, as its card says.

    Attributes:
        size: side of the crops in pixels.
        margin: room around the face's box, as a share of its longer side.
        crop: ``square`` or ``stretch``, see ``face_crops``.
        labels: in the order of its probabilities; some of ``LABELS``.
    """

    size: int
    margin: float
    crop: Crop
    labels: tuple[str, ...]

    @classmethod
    def of(cls, card: ModelCard) -> CropContract:
        """Read it from a card.

        Raises:
            ModelContractBroken: the task is another, or a parameter is missing or of the wrong kind.
        """
        size, margin = card.parameters.get("size"), card.parameters.get("margin", MARGIN)
        if card.task != TASK or not isinstance(size, int) or not isinstance(margin, float | int):
            raise ModelContractBroken(
                f"{card.name}: expected the task {TASK} and the parameters size and margin, "
                f"got the task {card.task} and {card.parameters}"
            )
        crop, labels = card.parameters.get("crop", CROPS[0]), card.parameters.get("labels", list(LABELS))
        if crop not in CROPS or not isinstance(labels, list) or len(labels) < 2 or not _known(labels):
            raise ModelContractBroken(
                f"{card.name}: expected crop to be one of {', '.join(CROPS)} and labels to be two or three of "
                f"{', '.join(LABELS)}, got {crop!r} and {labels!r}"
            )
        return cls(size, float(margin), cast(Crop, crop), tuple(labels))

    def cut(self, image: NDArray[np.uint8], boxes: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Cut faces (n, 4) xyxy out of a picture: (n, size, size, 3) uint8 RGB."""
        return face_crops(image, boxes, self.size, self.margin, self.crop)


def _known(labels: list[object]) -> bool:
    return all(label in LABELS for label in labels) and len(set(map(str, labels))) == len(labels)


def read_wearing(image: NDArray[np.uint8], faces: Faces, model: str | None = None, batch: int = 16) -> Wearing:
    """Tell for each face whether and how a mask is worn.

    Args:
        image: (height, width, 3) uint8 RGB.
        faces: n faces of that picture.
        model: name of a registered model of the task ``mask-wearing``; by default the setting ``wearing_model``.
        batch: how many faces go through the network at once.

    Returns:
        Probabilities of the labels, of the parts that show and of the kinds of covering, n rows.

    Raises:
        ModelUnknown, ModelHashMismatch, ModelContractBroken: the model cannot be used.
    """
    contract = CropContract.of(get_session(model or get_settings().wearing_model).card)
    return classify_crops(contract.cut(image, faces.boxes), model, batch)


def classify_crops(crops: NDArray[np.uint8], model: str | None = None, batch: int = 16) -> Wearing:
    """Classify crops (n, size, size, 3) uint8 RGB as the model's ``CropContract`` cuts them.

    A model that knows two labels gives the third the probability 0; one that says nothing of parts or kinds leaves
    them nan.
    """
    session = get_session(model or get_settings().wearing_model)
    columns = [LABELS.index(label) for label in CropContract.of(session.card).labels]
    probabilities = np.zeros((len(crops), len(LABELS)), np.float32)
    visible = np.full((len(crops), len(PARTS)), np.nan, np.float32)
    kinds = np.full((len(crops), len(KINDS)), np.nan, np.float32)
    for start in range(0, len(crops), batch):
        part = slice(start, start + batch)
        pixels = np.ascontiguousarray(crops[part].transpose(0, 3, 1, 2), np.float32)
        outputs = session.run({"pixels": pixels})
        probabilities[part, columns] = outputs["probabilities"]
        visible[part] = outputs.get("visible", np.float32(np.nan))
        kinds[part] = outputs.get("kinds", np.float32(np.nan))
    return Wearing(probabilities, visible, kinds)
