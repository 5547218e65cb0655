"""One photo, from its bytes to the bytes of all its files. The same recipe, task and bytes give the same result."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from masquerade.errors import MasqueradeError, ModelError, SettingsInvalid
from masquerade.faces import find_faces
from masquerade.image import read_header, read_image
from masquerade.image.sources import read_bytes
from masquerade.masks.applying import apply
from masquerade.masks.batch.encoding import encode, format_of
from masquerade.masks.batch.labels import voc_xml
from masquerade.masks.batch.records import ALL_SKIPPED, NO_FACE, face_records, file_record, unmasked
from masquerade.masks.batch.types import Done, Recipe, Task, failure
from masquerade.masks.drawing import draw
from masquerade.masks.types import Masked, Plan, Skipped

if TYPE_CHECKING:
    from masquerade.masks.library import Library


class _Named(io.BytesIO):
    """The bytes of a photo, with the name that messages call it by."""

    def __init__(self, content: bytes, name: str) -> None:
        super().__init__(content)
        self.name = name


def chance_of(seed: int, photo: str) -> np.random.Generator:
    """Give a photo's own source of chance, which does not depend on the others or on their order."""
    digest = hashlib.sha256(f"{seed}\n".encode() + os.fsencode(photo)).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))


def read_photo(task: Task) -> bytes:
    """Read the bytes of a photo.

    Raises:
        ImageError: it is not there, not readable, empty or too large.
    """
    return read_bytes(task.path, task.limits)[0]


def mask_file(recipe: Recipe, task: Task) -> Done:
    """Read a photo and mask it; a photo that cannot be read is a failure of its own."""
    try:
        content = read_photo(task)
    except MasqueradeError as error:
        return failure(task.photo, error)
    return mask_photo(recipe, task, content)


def mask_photo(recipe: Recipe, task: Task, content: bytes) -> Done:
    """Find the faces of a photo, draw their masks, and encode all that is kept of it.

    Args:
        recipe: what is drawn.
        task: which photo, and where its files go.
        content: the bytes of the photo's file.

    Returns:
        Its files, its line of the manifest, its failures.

    Raises:
        ModelError, SettingsInvalid: nothing can be done for any photo.
    """
    source = hashlib.sha256(content).hexdigest()
    if task.expected.get("source", source) != source:
        message = f"the photo has SHA-256 {source}, the manifest names {task.expected['source']}"
        return Done(task.photo, failures=({"photo": task.photo, "code": "source_differs", "message": message},))
    try:
        done = _masked(recipe, task, content, source)
    except (ModelError, SettingsInvalid):
        raise
    except MasqueradeError as error:
        return failure(task.photo, error)
    if done.entry is None:
        done = replace(done, failures=(*done.failures, *_differing(task, {})))
    return done


def _masked(recipe: Recipe, task: Task, content: bytes, source: str) -> Done:
    image = read_image(_Named(content, task.photo), task.limits)
    faces = find_faces(image, recipe.effort, recipe.search)
    library = _library(recipe.library) if recipe.library is not None else None
    if task.plan is None:
        plan = draw(chance_of(recipe.seed, task.photo), faces, recipe.choice, library)
    else:
        plan = Plan.from_dict(task.plan)
    if not len(faces):
        return _without_mask(task.photo, source, NO_FACE, "no face was found", ())
    masked = apply(image, faces, plan, library) if plan.masks else Masked(image, ())
    skipped = unmasked(plan, masked)
    if len(skipped) >= len(faces):
        reasons = "; ".join(f"face {skip.face}: {skip.reason}" for skip in skipped)
        return _without_mask(task.photo, source, ALL_SKIPPED, reasons, skipped)

    records = face_records(faces, plan, masked, recipe.labels == "coco")
    files = _files(recipe, task, content, image, masked, records)
    named = {kind: file_record(path, data) for kind, (path, data) in files.items()}
    entry = {
        "photo": task.photo,
        "source": {"bytes": len(content), "sha256": source},
        "size": [image.shape[1], image.shape[0]],
        **named,
        "effort": recipe.effort,
        "package": recipe.package,
        "library": recipe.library_id,
        "faces": records,
        "plan": plan.to_dict(),
    }
    failures = [
        {"photo": task.photo, "face": skip.face, "box": records[skip.face]["box"], **_reason(skip)} for skip in skipped
    ]
    return Done(task.photo, dict(files.values()), entry, (*failures, *_differing(task, named)))


def _files(
    recipe: Recipe,
    task: Task,
    content: bytes,
    image: NDArray[np.uint8],
    masked: Masked,
    records: list[dict[str, Any]],
) -> dict[str, tuple[str, bytes]]:
    """Path and bytes of each file, by what it is."""
    names = task.names
    files = {
        "image": (names.image, encode(masked.image, names.image)),
        "mask": (names.mask, encode(masked.binary.astype(np.uint8) * np.uint8(255), names.mask)),
    }
    if recipe.pairs:
        files["original"] = (names.original, _upright(task, content, image))
    if recipe.labels == "voc":
        size = (image.shape[1], image.shape[0])
        files["labels"] = (names.labels, voc_xml(names.image, size, records))
    return files


def _upright(task: Task, content: bytes, image: NDArray[np.uint8]) -> bytes:
    """The bare photo: its own bytes where they are upright and in the format of the masked one, else encoded anew."""
    header = read_header(_Named(content, task.photo), task.limits)
    if header.orientation == 1 and header.format == format_of(task.names.original):
        return content
    return encode(image, task.names.original)


def _without_mask(
    photo: str, source: str, code: str, message: str, skipped: tuple[Skipped, ...] | list[Skipped]
) -> Done:
    line: dict[str, Any] = {"photo": photo, "sha256": source, "code": code, "message": message}
    if skipped:
        line["faces"] = [{"face": skip.face, **_reason(skip)} for skip in skipped]
    return Done(photo, failures=(line,))


def _reason(skip: Skipped) -> dict[str, str]:
    return {"code": skip.code, "message": skip.reason}


def _differing(task: Task, named: Mapping[str, Mapping[str, Any]]) -> list[dict[str, str]]:
    """A line for each file that did not come out as recorded."""
    return [
        {
            "photo": task.photo,
            "code": "replay_differs",
            "message": f"{kind}: SHA-256 {named[kind]['sha256'] if kind in named else 'none'}, recorded {wanted}",
        }
        for kind, wanted in task.expected.items()
        if kind != "source" and (kind not in named or named[kind]["sha256"] != wanted)
    ]


@lru_cache(maxsize=1)
def _library(path: str) -> Library:
    from masquerade.masks.library import load_library  # noqa: PLC0415 - the built-in masks need none

    return load_library(Path(path))
