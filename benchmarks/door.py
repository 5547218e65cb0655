"""How well visitors at a door are told: held-out faces that walk up to a camera, in films made of photos.

    MASQUERADE_DATA=... python -m benchmarks.door --visitors 40

``door_visitors`` says who comes, ``door_film`` how they are filmed. Scenes: one visitor, watched at 25, 10 and 5 frames
a second and with half of the frames lost; the same in the dark; two at once; a bare visitor on whom a mask is drawn,
which comes off while the visitor stands there; nobody for ten minutes. Recipes are judged on ``--part training`` alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import arguments, machine, show, write
from benchmarks.door_figures import Figure, figures_of, figures_of_change, groups_by, poisson_interval
from benchmarks.door_film import SIZE, empty_frames
from benchmarks.door_visitors import Back, Visitor, backs, visitors
from benchmarks.door_watch import UNSEEN, Scene, Seen, in_processes, play_all
from benchmarks.photos import SHEETS, Pixels, tile_of, write_sheet
from masquerade.live.watching import Observer
from masquerade.masks.types import Kind
from masquerade.settings import get_settings
from masquerade.wearing.types import LABELS, UNDECIDED

RATES = ("25", "10", "5", "dropped")
KINDS: tuple[Kind, ...] = ("surgical", "cloth", "kn95", "n95", "ffp2")
BECOMES = ("bare", "nose_out", "chin_only")
BEHIND = 12
"""Photos that lie behind the visitors."""
EMPTY = 6
"""Photos that are seen where nobody comes."""
EMPTY_FPS = 10.0
"""Frames a second of these: the whole frame is searched no more often at any rate."""
SHOWN = 100


def scenes_of(
    those: Sequence[Visitor], behind: Sequence[Back], names: Sequence[str], rates: Sequence[str]
) -> list[Scene]:
    """Every scene of the kinds that are asked for; walks are watched at all rates, the others at 25 a second."""
    made: list[Scene] = []
    by_label = {label: [one for one in those if one.label == label] for label in LABELS}
    for number, visitor in enumerate(those):
        back = behind[number % len(behind)]
        made.append(Scene("walk", (visitor,), back, number, tuple(rates)))
        if number % 2 == 0:
            made.append(Scene("dark", (visitor,), back, number, dark=True))
    for number, pair in enumerate(zip(by_label["with_mask"], _mixed(by_label), strict=False)):
        two = pair if number % 2 else pair[::-1]
        made.append(Scene("two", two, behind[number % len(behind)], number))
    for number, visitor in enumerate(by_label["without_mask"]):
        kind, becomes = KINDS[number % len(KINDS)], BECOMES[number % len(BECOMES)]
        back = behind[number % len(behind)]
        made.append(Scene("change", (visitor,), back, number, kind=kind, becomes=becomes))
    return [scene for scene in made if scene.name in names]


def _mixed(by_label: Mapping[str, Sequence[Visitor]]) -> list[Visitor]:
    """Visitors without a mask and with one worn wrongly, in turns."""
    pairs = zip(by_label["without_mask"], by_label["incorrect"], strict=False)
    return [pair[number % 2] for number, pair in enumerate(pairs)]


def watch_nobody(task: tuple[Sequence[Back], float, int]) -> list[Pixels]:
    """Whoever is counted where nobody comes, in so many seconds, as pictures for a contact sheet."""
    behind, seconds, seed = task
    larger = (SIZE[0] * 5 // 4, SIZE[1] * 5 // 4)
    pictures = [back.picture(larger, 0.7) for back in behind]
    observer, tiles = Observer(), []
    for frame in empty_frames(pictures, seconds, EMPTY_FPS, seed):
        snapshot = observer.see(frame)
        entered = {event.person for event in snapshot.events if event.event == "entered"}
        boxes = [np.array(person.box, np.float32) for person in snapshot.people if person.number in entered]
        tiles += [tile_of(frame.image, box, 112) for box in boxes]
    return tiles


def table(
    title: str, groups: Mapping[str, Sequence[Seen]], measures: Callable[[Sequence[Seen]], dict[str, Figure]]
) -> dict[str, Any]:
    """Print the figures of groups of rows, and give them for JSON."""
    results = {name: measures(rows) for name, rows in groups.items() if rows}
    if results:
        names = list(next(iter(results.values())))
        cells = [[name, len(groups[name]), *(one[head] for head in names)] for name, one in results.items()]
        show(title, cells, ["", "visitors", *names])
    return {name: {head: one.to_dict() for head, one in some.items()} for name, some in results.items()}


def confusion(rows: Sequence[Seen]) -> dict[str, dict[str, int]]:
    """How often each true label was told as what."""
    said = (*LABELS, UNDECIDED, UNSEEN)
    return {
        label: {word: sum(row.label == label and row.last == word for row in rows) for word in said} for label in LABELS
    }


def report(rows: Sequence[Seen]) -> dict[str, Any]:
    """Print all tables of visitors, and give the figures."""
    figures: dict[str, Any] = {}
    walks = [row for row in rows if row.scene == "walk" and row.rate == "25"]
    for name in ("walk", "dark", "two"):
        for rate in RATES:
            some = [row for row in rows if (row.scene, row.rate) == (name, rate)]
            if some:
                parts = {"all": some} | {label: [row for row in some if row.label == label] for label in LABELS}
                figures[f"{name} {rate}"] = table(f"{name}, {rate} frames a second", parts, figures_of)
                figures[f"{name} {rate}"]["told"] = told = confusion(some)
                cells = [[label, *row.values()] for label, row in told.items()]
                show("told at the end, true label by row", cells, ["", *LABELS, UNDECIDED, UNSEEN])
    if walks:
        figures["groups"] = table("walk, by group", groups_by(walks), figures_of)
    changes = [row for row in rows if row.scene == "change"]
    parts = {"all": changes} | {name: [row for row in changes if row.becomes == name] for name in BECOMES}
    figures["change"] = table("the mask comes off", parts, figures_of_change)
    figures["strangers"] = {rate: sum(row.strangers for row in rows if row.rate == rate) for rate in RATES}
    print(f"people counted beside the visitors in all scenes, by rate: {figures['strangers']}")
    return figures


def nobody(counted: int, minutes: float) -> dict[str, float]:
    """People counted where nobody comes, and how many an hour there may be."""
    low, high = (60 * bound / minutes for bound in poisson_interval(counted))
    rate = 60 * counted / minutes
    print(f"nobody for {minutes:g} minutes: {counted} counted, {rate:.1f} [{low:.1f}, {high:.1f}] an hour")
    return {"minutes": minutes, "counted": counted, "low_an_hour": round(low, 2), "high_an_hour": round(high, 2)}


def sheets(rows: Sequence[Seen], folder: Path) -> None:
    """Contact sheets of visitors who were told wrongly, or not counted once."""
    for name in sorted({f"{row.scene}_{row.rate}" for row in rows}):
        some = [row for row in rows if f"{row.scene}_{row.rate}" == name and row.tile is not None]
        tiles = [(row.tile, f"{row.label[:12]}\n{row.last[:12]} x{row.times}") for row in some if row.tile is not None]
        write_sheet(folder / f"door_{name}.png", tiles[:SHOWN])


def main() -> None:
    """Run, print, write."""
    parser = arguments(__doc__)
    parser.add_argument("--visitors", type=int, default=40, help="of each label; 0 for all (default %(default)s)")
    parser.add_argument("--part", choices=("held-out", "training"), default="held-out", help="of the photos")
    parser.add_argument("--minutes", type=float, default=10.0, help="for which nobody comes (default %(default)s)")
    parser.add_argument("--scenes", nargs="*", default=["walk", "dark", "two", "change"], help="(default: all)")
    parser.add_argument("--rates", nargs="*", default=list(RATES), choices=RATES, help="of walks (default: all)")
    parser.add_argument("--jobs", type=int, default=get_settings().threads, help="processes (default %(default)s)")
    parser.add_argument("--sheets", type=Path, default=SHEETS, help="folder of contact sheets (default %(default)s)")
    options = parser.parse_args()
    held_out = options.part == "held-out"
    left_out: Counter[str] = Counter()
    those = visitors(held_out, options.visitors, left_out)
    behind = backs(held_out, BEHIND, SIZE[0] / SIZE[1])
    counts = Counter(one.label for one in those)
    print(f"{machine()['cpu']}; {options.part} visitors: {dict(counts)}; faces left out: {dict(left_out)}", flush=True)
    rows = play_all(scenes_of(those, behind, options.scenes, options.rates), options.jobs, tiles=True)
    figures = report(rows)
    if options.minutes > 0:
        tasks = [(behind[k::2][: EMPTY // 2], 30 * options.minutes, k) for k in range(2)]
        tiles = [tile for some in in_processes(watch_nobody, tasks, options.jobs) for tile in some]
        figures["nobody"] = nobody(len(tiles), options.minutes)
        write_sheet(options.sheets / "door_nobody.png", [(tile, "") for tile in tiles[:SHOWN]])
    sheets(rows, options.sheets)
    sizes = {"visitors": dict(counts), "left_out": dict(left_out), "height_p50": _middle(those)}
    write("door", {"part": options.part, **sizes, **figures}, options.json)


def _middle(those: Sequence[Visitor]) -> float:
    return round(float(np.median([one.height for one in those])), 1) if those else 0.0


if __name__ == "__main__":
    main()
