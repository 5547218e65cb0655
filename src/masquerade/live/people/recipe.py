"""What tracks and decisions go by. Every span is in seconds of the source, so that no frame rate changes a count."""

from __future__ import annotations

from dataclasses import dataclass, field

from masquerade.settings import get_settings


@dataclass(frozen=True, slots=True)
class PeopleRecipe:
    """How faces become people, and looks become decisions.

    Attributes:
        strong: lowest detector score that finds any track; by default the setting ``face_threshold``.
        weak: lowest score that keeps a track that was seen a moment ago.
        start: lowest score that begins a track.
        confirm: seconds that a face must be seen before it is somebody, where its mean score is ``sure`` or more.
        sure: see there; a face whose mean score is ``strong`` must be seen four times as long.
        steady: share of those seconds in which it must have been found.
        lost: seconds for which somebody who is not found is waited for.
        doubt: the same for a face that is nobody yet.
        overlap: least intersection over union of a track and its face; below it the distance of their centres counts.
        pace: how far a face may move between two frames without a prediction, in sides of the face a second.
        reach: the most that it may move at once, in sides of the face.
        memory: seconds after which a look counts 1/e of a new one, in the share of each label.
        enough: seconds of good looks that a first decision needs.
        long_memory: seconds after which a look counts 1/e of a new one, in how many good looks there were.
        decide: least share of a label for a first decision; the setting ``wearing_confidence`` where that is more.
        change: least share of another label that changes it.
        refresh: seconds between two looks at somebody whose wearing is settled.
        settled: least probability of the decided label in a look that leaves somebody settled.
        picture: a face before the chest of another one is a picture where its side is below this share of the other's.
    """

    strong: float = field(default_factory=lambda: get_settings().face_threshold)
    weak: float = 0.25
    start: float = 0.6
    confirm: float = 0.25
    sure: float = 0.75
    steady: float = 0.6
    lost: float = 1.5
    doubt: float = 0.25
    overlap: float = 0.2
    pace: float = 9.0
    reach: float = 2.0
    memory: float = 0.3
    enough: float = 0.2
    long_memory: float = 2.0
    decide: float = field(default_factory=lambda: max(0.6, get_settings().wearing_confidence))
    change: float = 0.65
    refresh: float = 0.15
    settled: float = 0.7
    picture: float = 0.65

    def __post_init__(self) -> None:
        """Check the ranges."""
        for name in ("strong", "weak", "start", "sure", "steady", "overlap", "decide", "change", "settled", "picture"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}: expected a share from 0 to 1, got {getattr(self, name)}")
        for name in ("confirm", "lost", "doubt", "pace", "reach", "memory", "enough", "long_memory", "refresh"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ValueError(f"{name}: expected a number from 0, got {getattr(self, name)}")
        if min(self.memory, self.long_memory) == 0:
            raise ValueError("memory, long_memory: expected more than 0 seconds")
