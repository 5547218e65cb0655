"""What decides the bytes of a job, the work on one photo, and what comes of it."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, Protocol, get_args

from masquerade.errors import ManifestInvalid, MasqueradeError, PlanInvalid
from masquerade.faces.finder import Effort, Search, default_search
from masquerade.image import Limits
from masquerade.masks.batch.encoding import FORMATS
from masquerade.masks.drawing import Choice

LabelFormat = Literal["voc", "coco", "none"]
LABEL_FORMATS: tuple[LabelFormat, ...] = get_args(LabelFormat)

MANIFEST_VERSION = 1
MODELS = ("yunet", "face-mesh")
"""The models on which faces, and so masks, depend."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that decides the bytes of a job beside the photos; equal recipes give equal bytes.

    Attributes:
        seed: any whole number; each photo takes its chances from it and from its own name.
        choice: what may be drawn.
        effort: how hard to look for faces.
        search: limits of that look.
        labels: ``voc``, ``coco`` or ``none``.
        pairs: whether the bare photo is kept beside the masked one.
        library: path of a library of masks, or None for the built-in ones.
        library_id: the first digits of the SHA-256 of its ``library.json``, which names those of its pictures.
        textures: SHA-256 of each texture file that the choice names.
        models: SHA-256 of each model in use.
        package: version of this package.
    """

    seed: int = 0
    choice: Choice = field(default_factory=Choice)
    effort: Effort = "photo"
    search: Search = field(default_factory=default_search)
    labels: LabelFormat = "voc"
    pairs: bool = False
    library: str | None = None
    library_id: str | None = None
    textures: Mapping[str, str] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)
    package: str = "unknown"

    def __post_init__(self) -> None:
        """Check the words."""
        for name, value, allowed in (("labels", self.labels, LABEL_FORMATS), ("effort", self.effort, get_args(Effort))):
            if value not in allowed:
                raise PlanInvalid(f"{name}: expected one of {', '.join(allowed)}, got {value!r}")

    def to_dict(self) -> dict[str, Any]:
        """Give plain values for JSON, with the formats that pictures are written in."""
        return {**asdict(self), "formats": FORMATS}

    @classmethod
    def from_dict(cls, values: Any) -> Recipe:
        """Read what ``to_dict`` gave, after a way through JSON.

        Raises:
            ManifestInvalid: a field is missing or unknown, or its value cannot be.
        """
        try:
            parts = {item.name: values[item.name] for item in fields(cls)}
            choice: dict[str, Any] = {
                name: tuple(value) if isinstance(value, list) else value for name, value in parts["choice"].items()
            }
            places = [*choice["textures"], *([] if parts["library"] is None else [parts["library"]])]
            if not all(isinstance(place, str) and "\0" not in place for place in places):
                raise ValueError(f"expected paths, got {places}")
            return cls(**{**parts, "choice": Choice(**choice), "search": Search(**parts["search"])})
        except (KeyError, TypeError, ValueError, AttributeError, PlanInvalid) as error:
            raise ManifestInvalid(f"no job of this version: {error!r}") from error


@dataclass(frozen=True, slots=True)
class Names:
    """Where the files of one photo go, relative to the destination, with ``/`` on every system."""

    image: str
    mask: str
    original: str
    labels: str


@dataclass(frozen=True, slots=True)
class Task:
    """The work on one photo.

    Attributes:
        photo: its path below the source folder, with ``/``.
        path: where it lies.
        names: where its files go.
        limits: the largest picture that is read.
        plan: a recorded plan, to be made again instead of drawing one.
        expected: SHA-256 that each file should have, and ``source`` of the photo itself, where it is made again.
    """

    photo: str
    path: Path
    names: Names
    limits: Limits
    plan: Mapping[str, Any] | None = None
    expected: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Done:
    """What came of one photo.

    Attributes:
        photo: as in its task.
        files: bytes of each file to write, by its path relative to the destination.
        entry: its line of the manifest; None when no mask was drawn.
        failures: its lines of ``failures.jsonl``.
    """

    photo: str
    files: Mapping[str, bytes] = field(default_factory=dict)
    entry: Mapping[str, Any] | None = None
    failures: tuple[Mapping[str, Any], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Give its line of the journal, without the files' bytes."""
        return {"photo": self.photo, "entry": self.entry, "failures": list(self.failures)}


def failure(photo: str, error: MasqueradeError) -> Done:
    """Give what comes of a photo that an error stopped."""
    return Done(photo, failures=({"photo": photo, **error.to_dict()},))


class Engine(Protocol):
    """Something that does the work on photos."""

    def run(self, recipe: Recipe, tasks: list[Task]) -> Generator[Done, None, None]:
        """Yield what came of each photo, in any order, never much more at once than is being worked on.

        Args:
            recipe: what is drawn.
            tasks: one a photo.

        Yields:
            What came of each; closing the generator ends the work.
        """
