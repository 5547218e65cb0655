"""The losses that pytorch-metric-learning has, too, against it."""

from __future__ import annotations

import math
from typing import Any

import pytest

torch = pytest.importorskip("torch")
peers: Any = pytest.importorskip("pytorch_metric_learning.losses")

from pytorch_metric_learning.distances import LpDistance  # noqa: E402
from pytorch_metric_learning.miners import TripletMarginMiner  # noqa: E402
from pytorch_metric_learning.reducers import MeanReducer  # noqa: E402

from masquerade.training.recognition.losses import build_loss  # noqa: E402
from masquerade.training.recognition.losses.triplet import mine, squared_distances  # noqa: E402

pytestmark = pytest.mark.train

CLASSES, DIMENSIONS, BATCH = 9, 12, 40


def pair(name: str, theirs: Any, **options: float) -> tuple[Any, Any]:
    """Ours and theirs with the same proxies; theirs lie in columns."""
    torch.manual_seed(5)
    ours: Any = build_loss(name, CLASSES, DIMENSIONS, **options)
    theirs.W.data = ours.weight.detach().T.clone()
    return ours, theirs


def made(name: str) -> tuple[Any, Any]:
    sizes: dict[str, int] = {"num_classes": CLASSES, "embedding_size": DIMENSIONS}
    off = {"base": 0.0}
    if name == "normface":
        return pair(name, peers.NormalizedSoftmaxLoss(**sizes, temperature=0.05))
    if name == "cosface":
        return pair(name, peers.CosFaceLoss(**sizes, margin=0.35, scale=64))
    if name == "arcface":
        return pair(name, peers.ArcFaceLoss(**sizes, margin=math.degrees(0.5), scale=64))
    if name == "subcenter":
        return pair(name, peers.SubCenterArcFaceLoss(**sizes, margin=math.degrees(0.5), scale=64, sub_centers=3))
    if name == "sphereface":
        return pair(name, peers.SphereFaceLoss(**sizes, margin=4, scale=1), **off)
    return pair(name, peers.LargeMarginSoftmaxLoss(**sizes, margin=4, scale=1), **off)


@pytest.mark.parametrize("name", ["normface", "cosface", "arcface", "subcenter", "sphereface", "l-softmax"])
@pytest.mark.parametrize("length", [0.5, 4.0])
@pytest.mark.filterwarnings("ignore:__array_wrap__:DeprecationWarning")  # of the peer's own binomials
def test_a_loss_and_its_gradients_are_the_peer_s(name: str, length: float) -> None:
    ours, theirs = made(name)
    torch.manual_seed(11)
    labels = torch.randint(0, CLASSES, (BATCH,))
    # Half of the rows lie opposite to their class, where the margin passes pi.
    own = ours.weight.detach().view(CLASSES, -1, DIMENSIONS)[labels, 0]
    sign = torch.where(torch.arange(BATCH) % 2 == 0, 1.0, -3.0)[:, None]
    rows = length * torch.nn.functional.normalize(sign * own + 0.8 * torch.randn(BATCH, DIMENSIONS))
    a, b = rows.clone().requires_grad_(), rows.clone().requires_grad_()
    here, there = ours(a, labels), theirs(b, labels)
    assert float(here.detach()) == pytest.approx(float(there.detach()), rel=1e-5)
    here.backward()
    there.backward()
    scale = float(b.grad.abs().max())
    assert torch.allclose(a.grad, b.grad, atol=1e-4 * scale)
    assert torch.allclose(ours.weight.grad, theirs.W.grad.T, atol=1e-4 * float(theirs.W.grad.abs().max()))


def test_triplets_and_their_loss_are_the_peer_s() -> None:
    torch.manual_seed(2)
    labels = torch.randint(0, CLASSES, (BATCH,))
    rows = torch.randn(CLASSES, DIMENSIONS)[labels] + 0.7 * torch.randn(BATCH, DIMENSIONS)
    distance = LpDistance(normalize_embeddings=True, p=2, power=2)
    unit = torch.nn.functional.normalize(rows)
    mined = mine(squared_distances(unit), labels)
    semi_hard = TripletMarginMiner(margin=0.2, type_of_triplets="semihard", distance=distance)(rows, labels)
    theirs = set(zip(*(part.tolist() for part in semi_hard), strict=True))
    ours = set(zip(*(part.tolist() for part in mined), strict=True))
    chosen = ours & theirs
    assert len(chosen) > 20
    # For each pair that has semi-hard negatives at all, one of them is taken.
    assert {triplet[:2] for triplet in theirs} <= {triplet[:2] for triplet in chosen}
    peer = peers.TripletMarginLoss(margin=0.2, distance=distance, reducer=MeanReducer())
    a, b = rows.clone().requires_grad_(), rows.clone().requires_grad_()
    found, expected = build_loss("triplet", CLASSES, DIMENSIONS)(a, labels), peer(b, labels, indices_tuple=tuple(mined))
    assert float(found.detach()) == pytest.approx(float(expected.detach()), rel=1e-5)
    found.backward()
    expected.backward()
    assert torch.allclose(a.grad, b.grad, atol=1e-6)
