"""Templates: what is kept of faces to tell people by; written to files without pickle."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from masquerade.errors import TemplateOfAnotherModel, TemplatesInvalid
from masquerade.files import write_whole

Floats = NDArray[np.float32]

FORMAT = 1
UNIT = 1e-3
"""How far from 1 the length of a template may be."""
NAMES = ("photo", "box", "template", "masked", "template_masked")
"""Arrays of a file that have a row for each face."""
FAILED = ("failed", "failed_code", "failed_reason")
_UNREADABLE = (OSError, ValueError, TypeError, EOFError, AttributeError, RuntimeError, zipfile.BadZipFile, zlib.error)
"""What a damaged file raises. A bare .npy gives an array, which is no context; zipfile raises RuntimeError for archives
that are encrypted or newer than it knows."""


class Failed(NamedTuple):
    """A photo, or a face of it, that gave no template.

    Attributes:
        photo: its name.
        code: of the error.
        message: why.
    """

    photo: str
    code: str
    message: str


@dataclass(frozen=True, slots=True, eq=False)
class Templates:
    """Templates of n faces, all made by one model. They are biometric data: treat a file of them as such.

    Attributes:
        model: id of the embedder that made them.
        photos: (n,) names of the photos.
        boxes: (n, 4) float32 xyxy, the faces in their photos.
        template: (n, d) float32 of unit length, of the faces as they are.
        masked: (n,) bool: the mouth is covered.
        template_masked: (n, d) float32 of unit length: of a bare face with masks drawn on it, of a masked one its own.
        failed: photos that gave none, and single faces that were left out, with the reason.
    """

    model: str
    photos: NDArray[np.str_]
    boxes: Floats
    template: Floats
    masked: NDArray[np.bool_]
    template_masked: Floats
    failed: tuple[Failed, ...] = ()

    def __post_init__(self) -> None:
        """Check that the arrays fit together, and make them read-only."""
        count, width = len(self.template), self.dimensions
        kinds: dict[str, tuple[Any, tuple[int, ...]]] = {
            "photos": (np.str_, (count,)),
            "boxes": (np.float32, (count, 4)),
            "template": (np.float32, (count, width)),
            "masked": (np.bool_, (count,)),
            "template_masked": (np.float32, (count, width)),
        }
        for name, (kind, shape) in kinds.items():
            values = np.array(getattr(self, name), kind)
            if values.shape != shape:
                raise TemplatesInvalid(f"{name}: expected shape {shape}, got {values.shape}")
            values.flags.writeable = False
            object.__setattr__(self, name, values)
        for name in ("template", "template_masked"):
            lengths = np.linalg.norm(getattr(self, name), axis=1)
            if not (np.abs(lengths - 1) <= UNIT).all():
                worst = lengths[~(np.abs(lengths - 1) <= UNIT)][0]
                raise TemplatesInvalid(f"{name}: expected vectors of unit length, got one of {worst:.4g}")
        if not np.isfinite(self.boxes).all():
            raise TemplatesInvalid("boxes: expected finite numbers")
        object.__setattr__(self, "failed", tuple(Failed(*entry) for entry in self.failed))

    @classmethod
    def empty(cls, model: str, dimensions: int, failed: Sequence[tuple[str, str, str]] = ()) -> Templates:
        """Templates of no face at all."""
        none = np.zeros((0, dimensions), np.float32)
        return cls(
            model,
            np.zeros(0, np.str_),
            np.zeros((0, 4), np.float32),
            none,
            np.zeros(0, np.bool_),
            none,
            tuple(Failed(*entry) for entry in failed),
        )

    @classmethod
    def joined(cls, parts: Sequence[Templates]) -> Templates:
        """Put several after one another, their failures too.

        Raises:
            TemplatesInvalid: there are none.
            TemplateOfAnotherModel: they are of different models.
        """
        if not parts:
            raise TemplatesInvalid("joined: expected some templates, got none")
        for part in parts[1:]:
            same_model(parts[0], part)
        return cls(
            parts[0].model,
            np.concatenate([part.photos for part in parts]),
            np.concatenate([part.boxes for part in parts]),
            np.concatenate([part.template for part in parts]),
            np.concatenate([part.masked for part in parts]),
            np.concatenate([part.template_masked for part in parts]),
            tuple(entry for part in parts for entry in part.failed),
        )

    def __len__(self) -> int:
        """Count the faces."""
        return len(self.template)

    def __getitem__(self, index: int | slice | NDArray[Any] | list[int]) -> Templates:
        """Return some of the faces, without the failures: one, a slice, indices or a boolean mask."""
        if isinstance(index, int | np.integer):
            if not -len(self) <= index < len(self):
                raise IndexError(f"template {index} of {len(self)}")
            index = [int(index)]
        return Templates(
            self.model,
            self.photos[index],
            self.boxes[index],
            self.template[index],
            self.masked[index],
            self.template_masked[index],
        )

    @property
    def dimensions(self) -> int:
        """Length of a template."""
        shape = np.shape(self.template)
        if len(shape) != 2:
            raise TemplatesInvalid(f"template: expected shape (n, d), got {shape}")
        return int(shape[1])

    def save(self, path: Path) -> None:
        """Write them to an ``.npz`` file, whole or not at all; see docs/recognition.md for its arrays.

        Raises:
            DestinationUnusable: it cannot be written.
        """
        rows = self.photos, self.boxes, self.template, self.masked, self.template_masked
        arrays: dict[str, NDArray[Any]] = dict(zip(NAMES, rows, strict=True))
        for place, name in enumerate(FAILED):
            arrays[name] = np.array([entry[place] for entry in self.failed], np.str_)
        arrays |= {"model": np.array(self.model), "format": np.array(FORMAT)}
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)  # type: ignore[arg-type] # mypy takes them for its one option
        write_whole(path, buffer.getvalue())

    @classmethod
    def load(cls, path: Path) -> Templates:
        """Read what ``save`` wrote.

        Raises:
            TemplatesInvalid: the file is missing, damaged, of another format, or its arrays do not fit together.
        """
        wanted = (*NAMES, *FAILED, "model", "format")
        try:
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
                lacking = [name for name in wanted if name not in file]
                if lacking:
                    raise TemplatesInvalid(f"{path}: lacks {', '.join(lacking)}", hint="masquerade embed writes them")
                arrays = {name: file[name] for name in wanted}
        except _UNREADABLE as error:
            raise TemplatesInvalid(f"{path}: no file of templates: {error}") from error
        if arrays["format"].tolist() != FORMAT:
            raise TemplatesInvalid(f"{path}: format: expected {FORMAT}, got {arrays['format'].tolist()!r}")
        if arrays["masked"].dtype != np.bool_ or arrays["model"].dtype.kind != "U":
            raise TemplatesInvalid(f"{path}: masked, model: expected truth values and a text")
        if len({arrays[name].shape for name in FAILED}) != 1 or arrays["failed"].ndim != 1:
            raise TemplatesInvalid(f"{path}: {', '.join(FAILED)}: expected texts, as many of each")
        photos, boxes, template, masked, template_masked = (arrays[name] for name in NAMES)
        failed = zip(*(arrays[name].tolist() for name in FAILED), strict=True)
        try:
            return cls(
                str(arrays["model"]), photos, boxes, template, masked, template_masked, tuple(map(Failed._make, failed))
            )
        except TemplatesInvalid as error:
            raise TemplatesInvalid(f"{path}: {error.message}") from error
        except (ValueError, TypeError) as error:  # texts where numbers should be
            raise TemplatesInvalid(f"{path}: {error}") from error


def same_model(a: Templates, b: Templates) -> None:
    """Do nothing if both were made by one model.

    Raises:
        TemplateOfAnotherModel: they were not.
    """
    if a.model != b.model or a.dimensions != b.dimensions:
        raise TemplateOfAnotherModel(
            f"templates of {a.model} ({a.dimensions} numbers) and of {b.model} ({b.dimensions}) cannot be compared",
            hint="make both with the same model",
        )
