"""Write the taught embedder into the package: ONNX file, card, and what its scores stand for.

``python -m masquerade.training.recognition.product.export --run runs/identity-0 --run runs/identity-1 --sface
.cache/models/sface.onnx --out src/masquerade/models/weights`` exports the mean of both runs; the calibration is
measured on the people of CelebA that are set aside.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from masquerade.datasets.identities import IdentitySet, read_identities
from masquerade.datasets.wearing_sets import data_root
from masquerade.evaluation.recognition.calibrating import Wish, calibrate_on
from masquerade.evaluation.recognition.photos import Drawing, Reader
from masquerade.files import write_whole
from masquerade.models.card import ModelCard
from masquerade.settings import get_settings
from masquerade.training.recognition.product.faces import SETS, set_aside
from masquerade.training.recognition.product.learning import FIRST
from masquerade.training.recognition.sface import MEAN, SCALE, SIZE, SFace, deployed, folded, load_sface
from masquerade.training.shrinking import halved
from masquerade.training.study.checkpoint import CHECKPOINT
from masquerade.training.study.weights import NET
from masquerade.training.tracing import traced

CARD = Path(__file__).with_name("card.json")
FMR = 1e-4
"""The lowest false match rate that the calibration speaks of."""
EIGHTH_FROM = 500_000
"""Tensors of so many numbers are stored in 8 bits: the last two blocks and the dense layers."""
PEOPLE = 500
"""Of each set, for the calibration."""
SEED = 1
"""Of the masks of the calibration; training draws with another."""


class Both(nn.Module):
    """Plain SFace and the taught layers on one trunk: a template for bare faces and one for masked ones."""

    def __init__(self, plain: SFace, taught: SFace, first: int) -> None:
        """Take both networks, which differ from step ``first`` on."""
        super().__init__()
        self.plain, self.taught, self.first = deployed(plain), deployed(taught), first

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Map pixels (n, 3, 112, 112), 0 to 255, to two templates (n, 128) each."""
        features = self.plain.steps[: self.first]((pixels - MEAN) * SCALE)
        one, other = (net.head(net.steps[self.first :](features)) for net in (self.plain, self.taught))
        return one, other


def load_taught(run: Path, sface: SFace, share: float = 1.0) -> SFace:
    """Read the network of a run folder.

    Args:
        run: as ``learning`` leaves it.
        sface: the network that it started from.
        share: 1 gives the taught weights, 0 those that it started from; between, what lies between (Wortsman and
            others, "Robust fine-tuning of zero-shot models", CVPR 2022).
    """
    stored = load_file(run / CHECKPOINT)
    taught = {name.removeprefix(NET): value for name, value in stored.items() if name.startswith(NET)}
    net = folded(sface)
    start = net.state_dict()
    mixed = {
        name: start[name] + share * (value - start[name]) if value.is_floating_point() else value
        for name, value in taught.items()
    }
    net.load_state_dict(mixed)
    return net.eval()


def mean_of(nets: list[SFace]) -> SFace:
    """The mean of the weights of networks taught from one start (Wortsman and others, "Model soups", ICML 2022)."""
    states = [net.state_dict() for net in nets]
    mean = {
        name: torch.stack([state[name] for state in states]).mean(0) if value.is_floating_point() else value
        for name, value in states[0].items()
    }
    nets[0].load_state_dict(mean)
    return nets[0]


def kept_people() -> list[IdentitySet]:
    """People of both sets that are set aside, no more than ``PEOPLE`` of each."""
    aside = [some_people(read_identities(data_root() / name), set_aside_too=True) for name in SETS]
    return [first_people(people, PEOPLE) for people in aside]


def first_people(people: IdentitySet, count: int) -> IdentitySet:
    """The first people of a set, by name."""
    rows = np.flatnonzero(people.owners < count)
    return replace(
        people,
        names=people.names[:count],
        photos=tuple(people.photos[row] for row in rows),
        owners=people.owners[rows],
    )


def some_people(people: IdentitySet, set_aside_too: bool) -> IdentitySet:
    """Those of a set who are set aside, or those who are not."""
    kept = [index for index, name in enumerate(people.names) if set_aside(name) == set_aside_too]
    rows = np.flatnonzero(np.isin(people.owners, kept))
    _, owners = np.unique(people.owners[rows], return_inverse=True)
    return replace(
        people,
        names=tuple(people.names[index] for index in kept),
        photos=tuple(people.photos[row] for row in rows),
        owners=owners,
        empty=(),
    )


def main() -> None:
    """Export from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--run", type=Path, required=True, action="append", help="run folder of product.learning; of several, the mean"
    )
    parser.add_argument("--sface", type=Path, required=True, help="sface.onnx, as tools.weights.sface writes it")
    parser.add_argument("--out", type=Path, required=True, help="folder for identity.onnx and identity.json")
    parser.add_argument("--share", type=float, default=1.0, help="of the taught weights; the rest is plain SFace's")
    arguments = parser.parse_args()
    torch.set_num_threads(get_settings().threads)
    sface = load_sface(arguments.sface.read_bytes())
    net = mean_of([load_taught(run, sface, arguments.share) for run in arguments.run])
    both = Both(sface, net, FIRST)
    content = halved(traced(both, SIZE, ("template", "template_masked")), EIGHTH_FROM)
    fields = json.loads(CARD.read_text(encoding="utf-8"))
    fields["sha256"] = hashlib.sha256(content).hexdigest()
    fields["parameters"] |= {"share": arguments.share}
    model, card = arguments.out / fields["file"], arguments.out / f"{fields['name']}.json"
    write_whole(model, content)
    write_whole(card, _text(fields))
    wish = Wish(Reader(str(model), "largest", Drawing(SEED)), fmr=FMR, workers=get_settings().threads)
    found = calibrate_on(kept_people(), wish)
    fields["parameters"]["calibration"] = found.calibration.to_dict()
    write_whole(card, _text(fields))
    sys.stdout.write(f"{fields['sha256']}  {len(content)} bytes; {found.to_dict()['pairs']}\n")


def _text(fields: dict[str, object]) -> bytes:
    ModelCard.model_validate(fields)
    return (json.dumps(fields, indent=2, ensure_ascii=False) + "\n").encode()


if __name__ == "__main__":
    main()
