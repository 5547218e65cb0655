"""One scene of ``benchmarks.door``: who comes how, and what the watch made of each of them."""

from __future__ import annotations

import math
import os
import sys
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from multiprocessing import get_context, parent_process
from typing import Any

import numpy as np

from benchmarks.door_film import DARK, SIZE, Actor, Camera, Film, Walk, chosen
from benchmarks.door_visitors import Back, Box, Pixels, Visitor, cut_out, masked
from benchmarks.photos import tile_of
from masquerade.geometry import opencv
from masquerade.image import read_image
from masquerade.live.types import Event, Frame
from masquerade.live.watching import Observer, ObserverRecipe
from masquerade.live.watching.snapshot import Snapshot
from masquerade.masks.types import LABEL_OF, Kind, Worn
from masquerade.wearing.types import UNDECIDED

STANDS = 1.2
"""Seconds for which a visitor stands before the camera at the end."""
MASKED_FOR, BARED_FOR = 1.0, 2.5
"""Seconds of standing before and after the mask comes off."""
TALL = 48.0
"""Height of a face from which on the time to a decision is counted, in pixels."""
UNSEEN = "not seen"
BLUR = 4.0
"""Of what is behind, out of focus: standard deviation in pixels."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What is filmed; pixels are read where it is played.

    Attributes:
        name: of the kind of scene.
        visitors: who comes at the same time, at most two.
        back: what is behind.
        seed: of all that is drawn by chance.
        rates: of frames, each watched by an observer of its own; see ``door_film.chosen``.
        dark: whether it is.
        kind, becomes: the mask that is drawn on a bare visitor, and how it is worn in the end; ``bare`` takes it off.
    """

    name: str
    visitors: tuple[Visitor, ...]
    back: Back
    seed: int
    rates: tuple[str, ...] = ("25",)
    dark: bool = False
    kind: Kind | None = None
    becomes: Worn | str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the watch made of one visitor.

    Attributes:
        scene, rate: which.
        visitor: who.
        label: the true one, of the end.
        times: how often the visitor was counted.
        last: what was decided last; ``undecided``, or ``not seen`` where the visitor was never counted.
        first, after: what was decided first, and seconds from ``TALL`` on until then; nan where nothing was.
        alerts: how many there were, before a change and after it.
        delay: seconds from the change of the mask to the decision; nan where there was none.
        strangers: people that were counted where nobody was, in the whole scene; with its first visitor alone.
        kind, becomes: as in the scene.
        tile: the face near the end, for a contact sheet.
    """

    scene: str
    rate: str
    visitor: Visitor
    label: str
    times: int
    last: str
    first: str
    after: float
    alerts: tuple[int, int]
    delay: float
    strangers: int
    kind: str | None = None
    becomes: str = ""
    tile: Pixels | None = field(default=None, repr=False, compare=False)

    @property
    def right(self) -> bool:
        """Whether the last decision is the true label."""
        return self.last == self.label


class Notes:
    """Which person is which visitor, and what happened to whom."""

    def __init__(self, actors: Sequence[Actor]) -> None:
        """Begin before the first frame."""
        self._actors = actors
        self._places: dict[int, Counter[int]] = {}
        self.events: list[Event] = []

    def take(self, frame: Frame, snapshot: Snapshot) -> None:
        """Take in what was seen in a frame."""
        self.events += snapshot.events
        for person in snapshot.people:
            if person.seen == frame.time:
                self._places.setdefault(person.number, Counter())[self._who(person.box, frame.time)] += 1

    def _who(self, box: Box, time: float) -> int:
        """Number of the visitor whose face holds the middle of a box; -1 where there is none."""
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        for number, actor in enumerate(self._actors):
            x0, y0, x1, y1 = actor.box(time)
            if time >= actor.walk.begins and x0 <= x <= x1 and y0 <= y <= y1:
                return number
        return -1

    def people_of(self, actor: int) -> list[int]:
        """Numbers of the people that were this visitor for most of the time, or nobody (-1)."""
        return sorted(number for number, places in self._places.items() if places.most_common(1)[0][0] == actor)

    def events_of(self, actor: int) -> list[Event]:
        """What happened to the visitor."""
        people = set(self.people_of(actor))
        return [event for event in self.events if event.person in people]


def play(scene: Scene, recipe: ObserverRecipe | None = None, tiles: bool = False) -> list[Seen]:
    """Film a scene and watch it at each of its rates.

    Returns:
        A row for each visitor and rate; none where no mask can be drawn on the visitor.
    """
    opencv().setNumThreads(1)
    film = shot(scene)
    if film is None:
        return []
    frames = list(film.frames(length_of(film.actors)))
    rows = []
    for rate in scene.rates:
        observer, notes = Observer(recipe), Notes(film.actors)
        for number in chosen(len(frames), rate, scene.seed):
            notes.take(frames[number], observer.see(frames[number]))
        for index, actor in enumerate(film.actors):
            row = row_of(scene, rate, notes, index, actor)
            rows.append(replace(row, tile=_tile(frames, actor, row)) if tiles else row)
    return rows


def shot(scene: Scene) -> Film | None:
    """Prepare the film of a scene; None where no mask can be drawn on the visitor."""
    rng = np.random.default_rng(scene.seed)
    lanes = [(0.3, 0.7)] if len(scene.visitors) == 1 else [(0.18, 0.3), (0.7, 0.82)]
    actors = []
    for visitor, lane in zip(scene.visitors, lanes, strict=True):
        image, walk = read_image(visitor.path), Walk.drawn(rng, lane)
        if scene.kind is None:
            actors.append(Actor([cut_out(visitor, image)], walk))
            continue
        ways: tuple[Worn, ...] = ("correctly",) if scene.becomes == "bare" else ("correctly", scene.becomes)  # type: ignore[assignment]
        pictures = masked(visitor, image, scene.kind, ways, scene.seed)
        if pictures is None:
            return None
        both = pictures if len(pictures) == 2 else [*pictures, image]
        turns_at = walk.begins + walk.lasts + MASKED_FOR
        actors.append(Actor([cut_out(visitor, picture) for picture in both], walk, turns_at))
    back = scene.back.picture(SIZE, BLUR)
    return Film(back, actors, DARK if scene.dark else Camera(), scene.seed)


def length_of(actors: Sequence[Actor]) -> float:
    """Seconds of a film: until the last one has stood for long enough."""
    ends = [
        actor.turns_at + BARED_FOR if math.isfinite(actor.turns_at) else actor.walk.begins + actor.walk.lasts + STANDS
        for actor in actors
    ]
    return max(ends)


def row_of(scene: Scene, rate: str, notes: Notes, index: int, actor: Actor) -> Seen:
    """What was made of one visitor of a scene."""
    events = notes.events_of(index)
    visitor = scene.visitors[index]
    label = visitor.label if scene.becomes in {"", "bare"} else LABEL_OF[scene.becomes]  # type: ignore[index]
    changed = [event for event in events if event.event == "changed"]
    off = [event for event in changed if event.time >= actor.turns_at and event.wearing != "with_mask"]
    alerts = [event.time for event in events if event.event == "alert"]
    early = sum(time < actor.turns_at for time in alerts) if math.isfinite(actor.turns_at) else 0
    times = len(notes.people_of(index))
    last = [event.wearing for event in events if event.event in {"entered", "changed"}]
    return Seen(
        scene=scene.name,
        rate=rate,
        visitor=visitor,
        label=label,
        times=times,
        last=last[-1] or UNDECIDED if last else UNSEEN,
        first=changed[0].wearing or UNDECIDED if changed else UNDECIDED,
        after=changed[0].time - actor.walk.first_at(TALL) if changed else math.nan,
        alerts=(early, len(alerts) - early),
        delay=off[0].time - actor.turns_at if off else math.nan,
        strangers=len(notes.people_of(-1)) if index == 0 else 0,
        kind=scene.kind or visitor.kind,
        becomes=scene.becomes,
    )


def _tile(frames: Sequence[Frame], actor: Actor, row: Seen) -> Pixels | None:
    """The face a moment before the end, where the visitor was told wrongly."""
    if row.right and row.times == 1:
        return None
    frame = frames[-5]
    return tile_of(frame.image, np.array(actor.box(frame.time), np.float32), 112)


def play_all(
    scenes: Sequence[Scene], jobs: int, recipe: ObserverRecipe | None = None, tiles: bool = False
) -> list[Seen]:
    """Play scenes in processes of their own, each with one thread."""
    return [row for rows in in_processes(partial(play, recipe=recipe, tiles=tiles), scenes, jobs) for row in rows]


def in_processes(call: Callable[[Any], Any], items: Sequence[Any], jobs: int) -> list[Any]:
    """Map a call over items, in the order of the items."""
    with get_context("spawn").Pool(jobs, _begin) as pool:
        done = []
        for number, result in enumerate(pool.imap(call, items), start=1):
            done.append(result)
            if number % 25 == 0:
                print(f"{number} of {len(items)}", file=sys.stderr, flush=True)
        return done


def _begin() -> None:
    """One thread, and an end when the parent ends, however it does."""
    os.environ["MASQUERADE_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"
    opencv().setNumThreads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
