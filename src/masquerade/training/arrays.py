"""Values of arrays as ``.npz`` files."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

Record = TypeVar("Record")


def save_arrays(record: Any, path: Path) -> None:
    """Write all fields of a dataclass of arrays to an ``.npz`` file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.stem}.partial.npz")
    np.savez(partial, **{field.name: getattr(record, field.name) for field in fields(record)})
    partial.replace(path)


def load_arrays(kind: type[Record], path: Path) -> Record:
    """Read what ``save_arrays`` wrote of a dataclass of this kind.

    Raises:
        KeyError: the file lacks one of its fields.
    """
    with np.load(path, allow_pickle=False) as arrays:
        return kind(**{field.name: arrays[field.name] for field in fields(kind)})  # type: ignore[arg-type]
