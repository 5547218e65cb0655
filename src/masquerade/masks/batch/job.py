"""A whole job: photos to masked photos, masks, labels, a manifest and a list of failures, in one folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from itertools import chain
from pathlib import Path
from typing import Any

from masquerade.errors import DestinationUnusable, ImageNotFound, JobDiffers
from masquerade.files import PARTIAL, Originals, sha256_of, unusable, write_parts, write_whole
from masquerade.image import Limits
from masquerade.masks.batch import naming
from masquerade.masks.batch.journal import Journal, line_of
from masquerade.masks.batch.labels import coco_json
from masquerade.masks.batch.manifest import Header, failure_lines, manifest_lines, read_header, records_of
from masquerade.masks.batch.records import HARMLESS
from masquerade.masks.batch.types import MODELS, Done, Engine, Recipe, Task
from masquerade.masks.library import load_library
from masquerade.models import get_model

Progress = Callable[[], None]


@dataclass(slots=True)
class Summary:
    """How a job went, over all its photos, resumed ones too.

    Attributes:
        photos: photos of the source.
        masked: those with at least one mask.
        faces: faces found.
        faces_masked: faces with a mask.
        failures: lines of ``failures.jsonl``.
        trouble: those that say that something went wrong, not only what a photo shows.
    """

    photos: int = 0
    masked: int = 0
    faces: int = 0
    faces_masked: int = 0
    failures: int = 0
    trouble: int = 0

    def add(self, record: Mapping[str, Any]) -> None:
        """Count one line of the journal."""
        self.photos += 1
        entry = record["entry"]
        if entry is not None:
            self.masked += 1
            self.faces += len(entry["faces"])
            self.faces_masked += sum("kind" in face for face in entry["faces"])
        for line in record["failures"]:
            self.failures += 1
            self.trouble += line["code"] not in HARMLESS
            self.faces += len(line.get("faces", ()))


@dataclass(frozen=True, slots=True)
class Job:
    """Photos, what is drawn on them, and where it goes.

    Attributes:
        header: source folder and recipe, as the manifest names them.
        tasks: by photo, sorted.
        destination: folder to write to.
        replay: SHA-256 of the manifest that is made again; None for a new job.
    """

    header: Header
    tasks: Mapping[str, Task]
    destination: Path
    replay: str | None = None


def new_job(source: Path, destination: Path, recipe: Recipe) -> Job:
    """Prepare a job: list the photos, choose the names, note what the result depends on.

    Args:
        source: a photo, or a folder with photos in it and below.
        destination: folder to write to; photos keep their places below the source.
        recipe: what is drawn; the hashes in it are filled in here.

    Raises:
        NoImages: the folder holds no picture.
        ImageNotFound: the source, or a texture, is not there.
        DestinationUnusable: the destination lies among the photos.
        LibraryInvalid: the library is not there.
    """
    if not source.exists():
        raise ImageNotFound(f"{source} is neither a photo nor a folder")
    if source.is_dir():
        naming.refuse_overlap(source, destination)
    photos = naming.list_photos(source, destination)
    names = naming.choose_names(photos)
    limits = Limits.from_settings()
    tasks = {photo: Task(photo, path, names[photo], limits) for photo, path in photos.items()}
    return Job(Header(str(naming.source_root(source)), completed(recipe)), tasks, destination)


def completed(recipe: Recipe) -> Recipe:
    """Fill in the hashes of what the recipe names, and the version of this package.

    Raises:
        ImageNotFound, LibraryInvalid: a texture or the library cannot be read.
    """
    try:
        textures = {path: sha256_of(Path(path)) for path in recipe.choice.textures}
    except OSError as error:
        raise ImageNotFound(f"{error.filename}: {error.strerror}, expected a texture") from error
    return replace(
        recipe,
        library_id=None if recipe.library is None else load_library(recipe.library).id,
        textures=textures,
        models={name: get_model(name).card.sha256 for name in MODELS},
        package=_version(),
    )


def _version() -> str:
    try:
        return version("masquerade")
    except PackageNotFoundError:
        return "unknown"


def run_job(
    job: Job, engine: Engine, resume: bool = False, started: Callable[[int], Progress] = lambda _: lambda: None
) -> Summary:
    """Do what is not done yet, and write the manifest, the labels and the list of failures.

    Args:
        job: from ``new_job`` or ``replay_job``.
        engine: who does the work.
        resume: go on with a job that was interrupted; without one, begin.
        started: takes the number of photos to do, gives what to call after each.

    Raises:
        DestinationUnusable: the destination holds something else, or cannot be written.
        JobDiffers: the job there has other settings.
        WorkerLost: a worker ended; what is done stays done, and the job can be resumed.
    """
    place = job.destination
    _refuse_used(place, resume)
    _reopen(job)
    with Journal(place / naming.JOURNAL) as journal:
        tasks = _left(job, journal)
        progress = started(len(tasks))
        originals = Originals([task.path for task in tasks])
        with closing(engine.run(job.header.recipe, tasks)) as results:
            for done in results:
                _write(place, done, originals)
                journal.note(done.to_dict())
                progress()
        summary = _finish(job, journal)
        journal.remove()
    return summary


def _refuse_used(place: Path, resume: bool) -> None:
    """Refuse a destination that holds a job, unless it is resumed, or files by the names of one."""
    try:
        found = [name for name in naming.OURS if (place / name).exists()]
    except OSError as error:
        raise unusable(place, error) from error
    if not found:
        return
    known = naming.JOURNAL in found or naming.MANIFEST in found
    if known and not resume:
        raise DestinationUnusable(
            f"{place} holds a job already", hint="--resume goes on with it; or name another folder"
        )
    if not known:
        raise DestinationUnusable(
            f"{place} holds {', '.join(found)}, which no known job wrote", hint="name another folder"
        )


def _reopen(job: Job) -> None:
    """Write the journal of a finished job again: its manifest tells as much."""
    place = job.destination
    journal, manifest = place / naming.JOURNAL, place / naming.MANIFEST
    if journal.exists() or not manifest.exists():
        return
    header = {**read_header(manifest).to_dict(), "replay": job.replay}
    records = records_of(manifest, place / naming.FAILURES)
    write_parts(journal, chain([line_of(header)], map(line_of, records)))


def _left(job: Job, journal: Journal) -> list[Task]:
    """Open the job in the journal, and list the tasks that are not done."""
    place = job.destination
    header = json.loads(line_of({**job.header.to_dict(), "replay": job.replay}))
    if journal.header is None:
        journal.begin(header)
        return list(job.tasks.values())
    _refuse_other(journal.header, header, place)
    for stale in place.rglob(PARTIAL):
        stale.unlink(missing_ok=True)
    for photo in [record["photo"] for record in journal if not _stands(record, job, place)]:
        journal.drop(photo)
    left = [photo for photo in job.tasks if photo not in journal]
    if job.replay is not None:
        return [job.tasks[photo] for photo in left]
    taken = [naming.names_in(record["entry"]) for record in journal if record["entry"] is not None]
    names = naming.choose_names(job.tasks, taken)
    return [replace(job.tasks[photo], names=names[photo]) for photo in left]


def _refuse_other(found: Mapping[str, Any], wanted: Mapping[str, Any], place: Path) -> None:
    different = [key for key in wanted if key != "job" and found.get(key) != wanted[key]]
    jobs = found.get("job", {}), wanted["job"]
    different += [key for key in jobs[1] if jobs[0].get(key) != jobs[1][key]]
    if different:
        raise JobDiffers(
            f"{place}: the job there was begun with another {', '.join(different)}",
            hint="resume with the same settings, or name another folder",
        )


def _stands(record: Mapping[str, Any], job: Job, place: Path) -> bool:
    """Whether a photo need not be done again: it was dealt with, has not changed, and its files are as they were."""
    task = job.tasks.get(record["photo"])
    if task is None:
        return False
    entry = record["entry"]
    try:
        if entry is None:
            content = sha256_of(task.path)
            return all(line["code"] in HARMLESS and line.get("sha256") == content for line in record["failures"])
        if task.path.stat().st_size != entry["source"]["bytes"] or sha256_of(task.path) != entry["source"]["sha256"]:
            return False
        files = [entry[kind] for kind in ("image", "mask", "original", "labels") if kind in entry]
        return all(
            (place / file["path"]).stat().st_size == file["bytes"] and sha256_of(place / file["path"]) == file["sha256"]
            for file in files
        )
    except OSError:
        return False


def _write(place: Path, done: Done, originals: Originals) -> None:
    for name, content in done.files.items():
        target = place / name
        originals.refuse(target)
        write_whole(target, content)


def _finish(job: Job, journal: Journal) -> Summary:
    """Write what stands for the whole job, the manifest last: where it is, the job is finished."""
    place = job.destination

    def entries() -> Iterator[Mapping[str, Any]]:
        return (record["entry"] for record in journal if record["entry"] is not None)

    if job.header.recipe.labels == "coco":
        write_parts(place / naming.LABELS / "coco.json", coco_json(entries))
    write_parts(place / naming.FAILURES, failure_lines(journal))
    write_parts(place / naming.MANIFEST, manifest_lines(job.header, journal))
    summary = Summary()
    for record in journal:
        summary.add(record)
    return summary
