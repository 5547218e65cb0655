"""Aligned faces, found once and kept: crops with room around them, landmarks in them, quality, failures.

The cache is a folder of shards: an ``.npy`` file of at most ``SHARD`` faces, and a JSON file that says of which photos
they are. Both are written whole and never changed; a damaged one is made again. It may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
from numpy.typing import NDArray

from masquerade.errors import FacesInvalid, NoFace
from masquerade.faces.finder import default_search
from masquerade.files import absolute, make_folder, sha256_of, write_whole
from masquerade.models import get_model
from masquerade.recognising import in_processes
from masquerade.settings import get_settings
from masquerade.training.recognition.aligning import DTYPE, EFFORTS, STORED, Answer, align_photo
from masquerade.training.recognition.people import Photo
from masquerade.training.study.progress import Progress

VERSION = 1
SHARD = 256
"""Faces of a shard: 14 MB."""
WORTH = 64
"""Photos for each process that make up for its start."""
MODELS = ("yunet", "face-mesh")

Failure = tuple[str, str]
"""Code and message."""
LASTING = {NoFace.code, FacesInvalid.code}
"""Failures that are kept. Others, as of a file that may not be read or a format whose extra lacks, may pass."""


def default_cache() -> Path:
    """The folder of this user's caches."""
    return Path(platformdirs.user_cache_dir("masquerade")) / "aligned"


@dataclass(frozen=True, slots=True, eq=False)
class AlignedFaces:
    """The faces of n photos, most of them on disk.

    Attributes:
        photos: of which the faces are, in the order asked for; those that gave none are in ``failed``.
        shards: files of faces, opened as they lie on disk.
        places: (n, 2) shard and row of each face.
        failed: key of a photo to why it gave no face.
    """

    photos: tuple[Photo, ...]
    shards: tuple[NDArray[Any], ...]
    places: NDArray[np.int64]
    failed: Mapping[str, Failure]

    def __len__(self) -> int:
        """Count the faces."""
        return len(self.photos)

    def rows(self, index: NDArray[np.intp]) -> NDArray[Any]:
        """Some of the faces, as (k,) of ``aligning.DTYPE``, copied from disk."""
        taken = np.empty(len(index), DTYPE)
        for number, (shard, row) in enumerate(self.places[index].tolist()):
            taken[number] = self.shards[shard][row]
        return taken

    def column(self, name: str) -> NDArray[Any]:
        """One field of all faces: (n, ...)."""
        if not self.shards:
            return np.zeros((0, *DTYPE[name].shape), DTYPE[name].base)
        return np.stack([self.shards[shard][row][name] for shard, row in self.places.tolist()])


def align_photos(photos: Sequence[Photo], cache: Path, progress: Progress) -> AlignedFaces:
    """Find and align the face of each photo, or take it from the cache.

    Args:
        photos: to align.
        cache: folder of caches; one for these models and this way of aligning is made in it.
        progress: shows a bar where there is something to do.

    Raises:
        DestinationUnusable: the cache cannot be written.
        WorkerLost: a worker process ended.
    """
    folder = absolute(cache) / kind_of_cache()
    make_folder(folder)
    keys = {photo.key: key_of(photo.path) for photo in photos}
    known, failed = _known(folder, set(keys.values()))
    todo = [photo for photo in photos if keys[photo.key] not in known and keys[photo.key] not in failed]
    for shard, rows, failures in _made(todo, keys, folder, progress):
        known |= {key: (shard, row) for row, key in enumerate(rows)}
        failed |= failures
    good = tuple(photo for photo in photos if keys[photo.key] in known)
    shards = sorted({known[keys[photo.key]][0] for photo in good})
    number = {shard: index for index, shard in enumerate(shards)}
    places = [(number[known[keys[photo.key]][0]], known[keys[photo.key]][1]) for photo in good]
    return AlignedFaces(
        photos=good,
        shards=tuple(np.load(shard, mmap_mode="r") for shard in shards),
        places=np.array(places, np.int64).reshape(-1, 2),
        failed={photo.key: failed[keys[photo.key]] for photo in photos if keys[photo.key] in failed},
    )


def kind_of_cache() -> str:
    """Name of the folder for these models and this way of aligning: another one gives other faces."""
    depends = {
        "version": VERSION,
        "models": {name: get_model(name).card.sha256 for name in MODELS},
        "efforts": EFFORTS,
        "search": asdict(default_search()),
        "stored": STORED,
    }
    return hashlib.blake2b(json.dumps(depends, sort_keys=True).encode(), digest_size=8).hexdigest()


def key_of(path: Path) -> str:
    """What a photo is known by: its place, its size and when it was changed; a new one each time it cannot be told."""
    place = str(absolute(path))
    try:
        status = path.stat()
        text = f"{place}\0{status.st_size}\0{status.st_mtime_ns}"
    except OSError:
        text = f"{place}\0?"
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def _known(folder: Path, wanted: set[str]) -> tuple[dict[str, tuple[Path, int]], dict[str, Failure]]:
    """What the cache has of the photos that are wanted: shard and row of each face; failures."""
    known: dict[str, tuple[Path, int]] = {}
    failed: dict[str, Failure] = {}
    for said in sorted(folder.glob("*.json")):
        shard = said.with_suffix(".npy")
        try:
            values = json.loads(said.read_text(encoding="utf-8"))
            rows = {str(key): row for row, key in enumerate(values["rows"])}
            failures = {str(key): (str(code), str(message)) for key, (code, message) in values["failed"].items()}
            used = not wanted.isdisjoint(rows)
            if used and sha256_of(shard) != values["sha256"]:
                continue  # damaged: its photos are aligned again
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
        known |= {key: (shard, row) for key, row in rows.items() if key in wanted}
        failed |= {key: failure for key, failure in failures.items() if key in wanted}
    return known, failed


def _made(
    todo: Sequence[Photo], keys: Mapping[str, str], folder: Path, progress: Progress
) -> Iterator[tuple[Path, list[str], dict[str, Failure]]]:
    """Align photos and keep them shard by shard: its file, the keys of its rows, and failures."""
    if not todo:
        return
    count = min(get_settings().threads, len(todo) // WORTH)
    every = in_processes(align_photo, [photo.path for photo in todo], count)
    with progress("aligning faces", len(todo)) as bar, closing(every):
        for start in range(0, len(todo), SHARD):
            some = todo[start : start + SHARD]
            answers = []
            for answer in islice(every, len(some)):
                answers.append(answer)
                bar.advance()
            yield _keep(folder, [keys[photo.key] for photo in some], answers)


def _keep(folder: Path, keys: Sequence[str], answers: Sequence[Answer]) -> tuple[Path, list[str], dict[str, Failure]]:
    good = [(key, answer) for key, answer in zip(keys, answers, strict=True) if not isinstance(answer, tuple)]
    failed = {key: answer for key, answer in zip(keys, answers, strict=True) if isinstance(answer, tuple)}
    rows = np.array([row for _, row in good], DTYPE)
    buffer = io.BytesIO()
    np.save(buffer, rows, allow_pickle=False)
    content = buffer.getvalue()
    digest = hashlib.sha256(content).hexdigest()
    path = folder / f"{hashlib.blake2b(' '.join(keys).encode(), digest_size=12).hexdigest()}.npy"
    write_whole(path, content)
    lasting = {key: failure for key, failure in failed.items() if failure[0] in LASTING}
    values = {"sha256": digest, "rows": [key for key, _ in good], "failed": lasting}
    write_whole(path.with_suffix(".json"), json.dumps(values).encode())
    return path, [key for key, _ in good], failed
