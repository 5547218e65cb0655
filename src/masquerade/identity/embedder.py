"""Faces to templates: crops in, vectors of unit length out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from masquerade.errors import ModelContractBroken
from masquerade.faces.align import align_faces, landmarks_in_crops
from masquerade.faces.types import Faces
from masquerade.identity.contract import Contract
from masquerade.models import Session, get_session
from masquerade.settings import get_settings

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

TOGETHER = 16
"""Most crops that go through the network at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Embedder:
    """A network that turns aligned faces into templates; ``get_embedder`` makes one.

    Attributes:
        name: by which it was asked for: of a registered model, or the path of an ONNX file.
        session: the loaded model.
        contract: what it takes and gives.
    """

    name: str
    session: Session
    contract: Contract

    @property
    def id(self) -> str:
        """Name and first digits of the SHA-256: templates with another id cannot be compared with its own."""
        return f"{self.session.card.name}@{self.session.card.sha256[:12]}"

    @property
    def dimensions(self) -> int:
        """Length of a template."""
        return self.contract.dimensions

    def crops(self, image: Bytes, faces: Faces) -> Bytes:
        """Cut out faces as the network wants them, aligned by the mesh's key points.

        Args:
            image: (height, width, 3) uint8 RGB.
            faces: n faces of that picture.

        Returns:
            (n, size, size, 3) uint8 RGB, black beyond the picture.

        Raises:
            FacesInvalid: the points of a face fall together.
        """
        contract = self.contract
        return align_faces(image, faces, contract.size, contract.rest_on, contract.template)

    def landmarks(self, faces: Faces) -> Floats:
        """The dense landmarks of n faces in the pixels of those crops: (n, 468, 3).

        Raises:
            FacesInvalid: the faces have no landmarks, or the points of one fall together.
        """
        contract = self.contract
        return landmarks_in_crops(faces, contract.size, contract.rest_on, contract.template)

    def embed(self, crops: Bytes, masked: NDArray[np.bool_] | None = None, mirrored: bool = True) -> Floats:
        """Make templates.

        Args:
            crops: (n, size, size, 3) uint8 RGB, as ``crops`` gives them.
            masked: (n,) whose mouth is covered; a network with a second output answers for those with that one.
            mirrored: take the mean of each crop and its mirror image, which halves the noise of either.

        Returns:
            (n, dimensions) float32 of unit length.

        Raises:
            ModelContractBroken: the crops have another size, or the network gives something else than its card says.
        """
        size = self.contract.size
        if crops.ndim != 4 or crops.shape[1:] != (size, size, 3) or crops.dtype != np.uint8:
            raise ModelContractBroken(
                f"{self.session.card.name}: expected uint8 crops (n, {size}, {size}, 3), "
                f"got {crops.shape} of {crops.dtype}"
            )
        covered = np.zeros(len(crops), np.bool_) if masked is None else np.asarray(masked, np.bool_)
        if not mirrored:
            return self._units(crops, covered)
        every = np.concatenate([crops, crops[:, :, ::-1]])
        straight, turned = np.split(self._units(every, np.concatenate([covered, covered])), 2)
        return unit(straight + turned)

    def _units(self, crops: Bytes, masked: NDArray[np.bool_]) -> Floats:
        """One template a crop, (n, dimensions) of unit length."""
        step = self.contract.batch or TOGETHER
        found = np.zeros((len(crops), self.dimensions), np.float32)
        for start in range(0, len(crops), step):
            part = slice(start, start + step)
            found[part] = self._run(crops[part], masked[part])
        lengths = np.linalg.norm(found, axis=1)
        if not (np.isfinite(lengths).all() and (lengths > 0).all()):
            raise ModelContractBroken(f"{self.session.card.name}: gave a template that is zero or no number")
        return np.asarray(found / lengths[:, None], np.float32)

    def _run(self, crops: Bytes, masked: NDArray[np.bool_]) -> Floats:
        contract = self.contract
        count = len(crops)
        if contract.batch is not None and count < contract.batch:  # a network of a fixed batch gets it filled
            crops = np.concatenate([crops, np.repeat(crops[-1:], contract.batch - count, axis=0)])
        outputs = self.session.run({contract.pixels: self._pixels(crops)})
        found = outputs[contract.output][:count]
        if masked.any() and contract.masked_output != contract.output:
            found = np.where(masked[:, None], outputs[contract.masked_output][:count], found)
        if found.shape != (count, contract.dimensions):
            raise ModelContractBroken(
                f"{self.session.card.name}: parameters.dimensions: expected {contract.dimensions}, "
                f"the file gives {list(found.shape[1:])} a face"
            )
        return found

    def _pixels(self, crops: Bytes) -> Floats:
        """The network's input: float32 (n, 3, size, size)."""
        contract = self.contract
        ordered = crops if contract.colour == "rgb" else crops[..., ::-1]
        pixels = np.ascontiguousarray(ordered.transpose(0, 3, 1, 2), np.float32)
        pixels -= contract.mean[:, None, None]
        pixels *= contract.scale[:, None, None]
        return pixels


def unit(vectors: Floats) -> Floats:
    """Give vectors (n, d) the length 1."""
    lengths = np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), np.finfo(np.float32).tiny)
    return np.asarray(vectors / lengths, np.float32)


def get_embedder(name: str | None = None) -> Embedder:
    """Return the embedder of a registered model, loaded once a process.

    Args:
        name: its name, or the path of an ONNX file with its card beside it; by default the setting ``identity_model``.

    Raises:
        ModelUnknown, ModelHashMismatch, ModelCardInvalid, ModelContractBroken: the model cannot be used.
    """
    name = name or get_settings().identity_model
    session = get_session(name)
    return Embedder(name, session, Contract.of(session.card))
