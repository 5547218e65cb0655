"""People in view: faces of frames joined to tracks, tracks that become people, people who leave.

Faces found surely are matched first, then faint ones with the tracks that are left: Zhang and others, "ByteTrack:
multi-object tracking by associating every detection box", ECCV 2022. A faint face keeps a track alive and begins none.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from masquerade.faces import Faces
from masquerade.live.people.matching import likeness, pairs
from masquerade.live.people.pictures import are_pictures
from masquerade.live.people.recipe import PeopleRecipe
from masquerade.live.people.track import Track
from masquerade.live.types import Event, Person
from masquerade.wearing import Wearing

CLASH = 0.3
"""A face that overlaps a track by this much begins no track of its own."""
FRAMES = 2.5
"""Frames that may miss a face, where the source gives so few that the seconds of the recipe hold no frame."""


class People:
    """Follows the people in view. Knows places and times, no faces: whoever leaves and comes back is somebody new.

    Attributes:
        recipe: what it goes by.
        entered: how many people there have been.
    """

    def __init__(self, recipe: PeopleRecipe | None = None) -> None:
        """Begin with nobody."""
        self.recipe = recipe or PeopleRecipe()
        self.entered = 0
        self._tracks: list[Track] = []
        self._matched: dict[int, Track] = {}
        self._time: float | None = None
        self._intervals: deque[float] = deque(maxlen=9)
        self._events: list[Event] = []

    @property
    def now(self) -> tuple[Person, ...]:
        """Who is in view, or was a moment ago, in the order of entering."""
        people = [track.person() for track in self._tracks if track.number]
        return tuple(sorted(people, key=lambda person: person.number))

    def places(self, time: float) -> NDArray[np.float64]:
        """Boxes (n, 4) xyxy where a face is expected, people or not, in the order in which they began."""
        passed = 0.0 if self._time is None else max(0.0, time - self._time)
        return np.array([track.motion.ahead(passed) for track in self._tracks], np.float64).reshape(-1, 4)

    def update(self, time: float, faces: Faces, wearing: Wearing, weights: NDArray[Any] | None = None) -> list[Event]:
        """Take in one frame of which every face was looked at: ``follow`` and ``vote`` in one.

        Args:
            time: seconds of the source.
            faces: what was found in it.
            wearing: how each face wears a mask.
            weights: (n,) in 0 to 1, how much each look counts; by default all count fully.

        Returns:
            What happened: ``entered``, ``changed`` and ``left``.
        """
        self.follow(time, faces)
        everyone = np.arange(len(faces))
        return self.vote(time, everyone, wearing, np.ones(len(faces)) if weights is None else weights)

    def follow(self, time: float, faces: Faces) -> NDArray[np.intp]:
        """Join the faces of a frame to tracks.

        Returns:
            Indices of the faces that are worth a look, those that waited longest first.
        """
        passed = 0.0 if self._time is None else max(0.0, time - self._time)
        time = time if self._time is None else max(time, self._time)
        if passed > 0:
            self._intervals.append(passed)
        self._time = time
        for track in self._tracks:
            track.go_on(time)
        self._let_go(time)
        self._match(time, faces, passed)
        self._tell_pictures(time, passed)
        self._let_in(time)
        due = [index for index, track in self._matched.items() if track.is_due(time)]
        due.sort(key=self._waited)
        return np.array(due, np.intp)

    def vote(self, time: float, looked: NDArray[Any], wearing: Wearing, weights: NDArray[Any]) -> list[Event]:
        """Take in looks at faces of the frame that was followed last.

        Args:
            time: seconds of the source.
            looked: (k,) indices of the faces that were looked at.
            wearing: k rows.
            weights: (k,) in 0 to 1.

        Returns:
            What happened since the last call: ``entered``, ``changed`` and ``left``.
        """
        for row, index in enumerate(looked.tolist()):
            track = self._matched.get(index)
            if track is None or track.votes is None:
                continue
            if track.votes.add(time, wearing.probabilities[row], wearing.visible[row], float(weights[row])):
                self._events.append(Event(time, "changed", track.number, track.votes.label))
        events, self._events = self._events, []
        return events

    def finish(self, time: float) -> list[Event]:
        """Let everybody go: the source has ended, or was lost."""
        time = time if self._time is None else max(time, self._time)
        for track in self._tracks:
            self._leave(time, track)
        self._tracks, self._matched = [], {}
        events, self._events = self._events, []
        return events

    def scale(self, x: float, y: float) -> None:
        """Go over to frames of another size."""
        for track in self._tracks:
            track.motion.scale(x, y)

    def _match(self, time: float, faces: Faces, passed: float) -> None:
        self._matched = {}
        strong = np.flatnonzero(faces.scores >= self.recipe.strong).tolist()
        weak = np.flatnonzero((faces.scores < self.recipe.strong) & (faces.scores >= self.recipe.weak)).tolist()
        free = list(self._tracks)
        reach = min(self.recipe.reach, 0.3 + self.recipe.pace * passed)
        for chosen in ([track for track in free if track.number], [track for track in free if not track.number]):
            self._pair(time, chosen, strong, faces, reach)
        found = set(map(id, self._matched.values()))
        recent = [track for track in free if id(track) not in found and time - track.seen <= self._span(0.3)]
        self._pair(time, recent, weak, faces, 0.0)
        for index in strong:
            if index not in self._matched and faces.scores[index] >= self.recipe.start:
                self._begin(time, index, faces)

    def _pair(self, time: float, tracks: list[Track], indices: list[int], faces: Faces, reach: float) -> None:
        left = [index for index in indices if index not in self._matched]
        if not tracks or not left:
            return
        places = np.array([track.motion.box for track in tracks], np.float64)
        scores = likeness(places, faces.boxes[left], self.recipe.overlap, reach)
        for row, column in pairs(scores):
            index = left[column]
            tracks[row].find(time, faces.boxes[index], float(faces.scores[index]))
            self._matched[index] = tracks[row]

    def _begin(self, time: float, index: int, faces: Faces) -> None:
        box = faces.boxes[[index]]
        seen = [track.motion.box for track in self._tracks if track.seen == time]
        if seen and likeness(np.array(seen), box, CLASH, 0.0).max() > 0:
            return
        track = Track(time, box[0], self.recipe)
        self._tracks.append(track)
        self._matched[index] = track

    def _tell_pictures(self, time: float, passed: float) -> None:
        seen = [track for track in self._tracks if track.seen == time]
        boxes = np.array([track.motion.box for track in seen], np.float64).reshape(-1, 4)
        for track, picture in zip(seen, are_pictures(boxes, self.recipe.picture).tolist(), strict=True):
            track.hold(picture, passed)

    def _let_in(self, time: float) -> None:
        for track in self._tracks:
            if not track.number and track.seen == time and track.is_somebody:
                self.entered += 1
                track.become(self.entered, time)
                self._events.append(Event(time, "entered", track.number, track.person().wearing))

    def _let_go(self, time: float) -> None:
        kept = []
        for track in self._tracks:
            if time - track.seen > self._span(self.recipe.lost if track.number else self.recipe.doubt):
                self._leave(time, track)
            else:
                kept.append(track)
        self._tracks = kept

    def _leave(self, time: float, track: Track) -> None:
        if track.number:
            self._events.append(Event(time, "left", track.number, track.person().wearing))

    def _span(self, seconds: float) -> float:
        """Some seconds, or as long as a few frames take where that is longer."""
        return max(seconds, FRAMES * float(np.median(self._intervals))) if self._intervals else seconds

    def _waited(self, index: int) -> tuple[float, int]:
        votes = self._matched[index].votes
        looked = None if votes is None else votes.looked
        return (-np.inf if looked is None else looked), index
