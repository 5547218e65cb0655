"""Does each loss train? Rank-1 on twenty identities, before and within two minutes of CPU time.

A small network learns 20 identities of `celeba-wild` from three photos each. Rank-1 is by nearest neighbour: of each
training photo among the other training photos (leave one out: the loss does its work), and of two photos a person that
were kept away, against the training photos (no claim: so few photos teach little). Time is that of one thread.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.common import arguments, show, write
from masquerade.datasets.wearing_sets import data_root
from masquerade.errors import DataMissing
from masquerade.evaluation.recognition.nearest import nearest
from masquerade.geometry import opencv
from masquerade.training.recognition.aligned import align_photos, default_cache
from masquerade.training.recognition.backbones import build_backbone, find_backbone
from masquerade.training.recognition.losses import LOSSES, build_loss
from masquerade.training.recognition.people import choose, read_people
from masquerade.training.recognition.sampling import batches_of_epoch
from masquerade.training.recognition.views import plain_views
from masquerade.training.study.progress import quiet
from masquerade.training.study.views import to_pixels

PHOTOS, LEARNT = 5, 3
"""Photos of each person, and how many of them are learnt from."""
BATCH, RATE, DECAY, DIMENSIONS = 30, 1e-3, 5e-4, 128
EVERY = 6
"""Steps between two measurements."""
SEED = 1


@dataclass(frozen=True, slots=True)
class Learnt:
    """How one loss did; rank-1 in 0 to 1, CPU seconds until the measurement that reached the wish, or all."""

    start: float
    end: float
    held_out: float
    seconds: float
    steps: int


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """What the network takes (n, 3, size, size), the number of each one's person, and whether it is learnt from."""

    views: torch.Tensor
    labels: NDArray[np.int64]
    learnt: NDArray[np.bool_]


def read_faces(identities: int, backbone: str, size: int) -> Faces:
    """The first photos of so many people, normalised as a backbone is used to."""
    people = choose(read_people([data_root() / "celeba-wild"]), PHOTOS, identities, PHOTOS, SEED)
    faces = align_photos([photo for person in people.persons for photo in person.photos], default_cache(), quiet)
    if faces.failed:
        raise DataMissing(f"no face in {', '.join(faces.failed)}")
    crops = plain_views(faces.rows(np.arange(len(faces))))
    cv2 = opencv()
    small = np.stack([cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA) for crop in crops])
    spec = find_backbone(backbone)
    mean, scale = (torch.tensor(values).view(1, 3, 1, 1) for values in (spec.mean, spec.scale))
    views = ((to_pixels(small.astype(np.uint8)) - mean) * scale).contiguous(memory_format=torch.channels_last)
    labels = np.repeat(np.arange(len(people)), PHOTOS)
    return Faces(views, labels, np.tile(np.arange(PHOTOS) < LEARNT, len(people)))


def rank1(net: torch.nn.Module, faces: Faces) -> tuple[float, float]:
    """Rank-1 of the photos learnt from, leave one out, and of the others, against those."""
    net.eval()
    with torch.inference_mode():
        templates = torch.nn.functional.normalize(net(faces.views)).numpy()
    net.train()
    known, others = np.flatnonzero(faces.learnt), np.flatnonzero(~faces.learnt)
    hits = []
    for probes in (known, others):
        found = nearest(lambda rows, columns: templates[rows] @ templates[columns].T, probes, known)
        hits.append(float((faces.labels[found] == faces.labels[probes]).mean()))
    return hits[0], hits[1]


def learn(name: str, backbone: str, faces: Faces, limit: float, wish: float) -> Learnt:
    """Train with one loss until rank-1 reaches the wish or the CPU seconds are over."""
    torch.manual_seed(SEED)
    rng = np.random.default_rng(SEED)
    net = build_backbone(backbone, DIMENSIONS, size=faces.views.shape[-1]).to(memory_format=torch.channels_last)
    loss = build_loss(name, int(faces.labels.max()) + 1, DIMENSIONS)
    optimiser = torch.optim.AdamW([*net.parameters(), *loss.parameters()], RATE, weight_decay=DECAY)
    index = np.flatnonzero(faces.learnt)
    start, held_out = rank1(net, faces)
    end, steps, begun = start, 0, time.process_time()
    while end < wish and time.process_time() - begun < limit:
        for batch in batches_of_epoch(faces.labels[index], BATCH, LEARNT, rng):
            views = faces.views[torch.from_numpy(index[batch])]
            mirrored = torch.from_numpy(rng.random(len(views)) < 0.5)
            views = torch.where(mirrored[:, None, None, None], views.flip(3), views)
            optimiser.zero_grad(set_to_none=True)
            loss(net(views), torch.from_numpy(faces.labels[index[batch]])).backward()
            optimiser.step()
            steps += 1
        if steps % EVERY == 0:
            end, held_out = rank1(net, faces)
    return Learnt(start, end, held_out, time.process_time() - begun, steps)


def main() -> None:
    """Run, print, write."""
    parser = arguments(__doc__)
    parser.add_argument("--losses", nargs="*", default=list(LOSSES), choices=list(LOSSES), help="which")
    parser.add_argument("--backbone", default="resnet18", help="the network (default %(default)s)")
    parser.add_argument("--size", type=int, default=64, help="side of its input in pixels (default %(default)s)")
    parser.add_argument("--identities", type=int, default=20, help="people to tell apart (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=120, help="CPU time of each loss (default %(default)s)")
    parser.add_argument("--wish", type=float, default=0.9, help="rank-1 to stop at (default %(default)s)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    faces = read_faces(options.identities, options.backbone, options.size)
    count = int(faces.learnt.sum())
    chance = (LEARNT - 1) / (count - 1)
    rows: list[list[object]] = []
    figures: dict[str, Any] = {}
    for name in options.losses:
        done = learn(name, options.backbone, faces, options.seconds, options.wish)
        figures[name] = {key: round(getattr(done, key), 4) for key in Learnt.__slots__}
        rows.append(
            [name, f"{done.start:.1%}", f"{done.end:.1%}", f"{done.seconds:.0f}", done.steps, f"{done.held_out:.1%}"]
        )
        print(*rows[-1], sep="  ", flush=True)
    show(
        f"{options.backbone}, {options.size} px, {options.identities} identities, {count} photos; chance {chance:.1%}",
        rows,
        ["loss", "rank-1 before", "after", "CPU seconds", "steps", "photos kept away, after"],
    )
    setting = {"backbone": options.backbone, "size": options.size, "photos": count, "chance": chance}
    write("losses", {**setting, "losses": figures}, options.json)


if __name__ == "__main__":
    main()
