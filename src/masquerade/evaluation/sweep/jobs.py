"""A job of many runs: the file in which it stands, and how it is begun, gone on with and added to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from masquerade.errors import DestinationUnusable, JobDiffers, StudyInvalid
from masquerade.files import PARTIAL, make_folder, unusable, write_whole

RUNS = "runs"
VERSION = 1
T = TypeVar("T")


class Named(Protocol):
    """A run of a job."""

    @property
    def name(self) -> str:
        """Name of its folder."""


class Job(Protocol):
    """Runs, and the settings that they share."""

    @property
    def settings(self) -> dict[str, Any]:
        """Plain values that all runs share."""

    def cells(self) -> Sequence[Named]:
        """All runs."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values, with ``version``."""


J = TypeVar("J", bound=Job)


def open_job(path: Path, wanted: J, read: Callable[[Mapping[str, Any]], J], join: Callable[[J, J], J]) -> J:
    """Begin a job in a folder, or go on with the one that is there; runs may be added.

    Args:
        path: file of the job, in a folder that is new, empty, or of a job with the same settings.
        wanted: what is to run now.
        read: makes a job of what ``to_dict`` gave.
        join: the job that was known, and the one that is wanted, as one.

    Returns:
        The job with all that was ever asked for in this folder, as its file now has it.

    Raises:
        StudyInvalid: two runs would share a folder, or the file is none of a job.
        DestinationUnusable: the folder holds other files, or cannot be written.
        JobDiffers: its job has other settings; the message names them.
    """
    make_folder(path.parent)
    known = _read(path, read) if path.exists() else None
    if known is None:
        _refuse_others(path)
        whole = wanted
    else:
        _refuse_other_settings(path, known.settings, wanted.settings)
        whole = join(known, wanted)
    refuse_twice(whole)
    if whole != known:
        write_whole(path, (json.dumps(whole.to_dict(), indent=2) + "\n").encode("utf-8"))
    return whole


def refuse_twice(job: Job) -> None:
    """Do nothing unless two runs would share a folder.

    Raises:
        StudyInvalid: they would; names them.
    """
    names = [cell.name for cell in job.cells()]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise StudyInvalid(f"named twice: {', '.join(twice)}")


def joined(known: Iterable[T], wanted: Iterable[T]) -> tuple[T, ...]:
    """Both, each once, the known ones first."""
    return tuple(dict.fromkeys([*known, *wanted]))


def _read(path: Path, read: Callable[[Mapping[str, Any]], J]) -> J:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if values["version"] != VERSION:
            raise StudyInvalid(f"{path}: version {values['version']}, expected {VERSION}")
        return read(values)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StudyInvalid(f"{path}: is no file of a sweep: {error}", hint="name another folder") from error


def _refuse_others(path: Path) -> None:
    try:
        other = next((one for one in sorted(path.parent.iterdir()) if not one.match(PARTIAL)), None)
    except OSError as error:
        raise unusable(path.parent, error) from error
    if other is not None:
        raise DestinationUnusable(f"{path.parent} holds {other.name} and no {path.name}", hint="name a new folder")


def _refuse_other_settings(path: Path, known: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    # Through JSON, so that a tuple is a list on both sides.
    wanted = json.loads(json.dumps(wanted))
    differing = [
        f"{name}: {known.get(name)} there, {wanted.get(name)} now"
        for name in sorted({*known, *wanted})
        if known.get(name) != wanted.get(name)
    ]
    if differing:
        raise JobDiffers(f"{path} was begun with other settings: {'; '.join(differing)}", hint="name a new folder")
