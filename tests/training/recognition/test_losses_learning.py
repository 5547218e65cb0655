"""Losses teach a network: eight people, from a few photos each, in seconds; ``benchmarks.losses`` has them all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from masquerade.training.recognition.losses import LOSSES, build_loss  # noqa: E402
from tests.evaluation.recognition.made import leave_one_out  # noqa: E402

pytestmark = pytest.mark.train

PEOPLE, PHOTOS, SIZE = 8, 4, 32


def photos_of(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures of a few waves, the same for a person but for light, place and noise: (n, 3, SIZE, SIZE) of -1 to 1."""
    rng = np.random.default_rng(seed)
    waves = rng.uniform(1, 4, (PEOPLE, 3, 2)), rng.uniform(0, 6, (PEOPLE, 3))
    y, x = np.mgrid[:SIZE, :SIZE] / SIZE
    pictures = []
    for person in range(PEOPLE):
        for _ in range(PHOTOS):
            dx, dy = rng.normal(0, 0.04, 2)
            planes = [
                np.sin(2 * np.pi * (fx * (x + dx) + fy * (y + dy)) + phase)
                for (fx, fy), phase in zip(waves[0][person], waves[1][person], strict=True)
            ]
            light = rng.uniform(0.4, 1.0)
            pictures.append(light * np.stack(planes) + rng.normal(0, 0.5, (3, SIZE, SIZE)) + rng.normal(0, 0.5))
    return np.array(pictures, np.float32), np.repeat(np.arange(PEOPLE), PHOTOS)


def small_net() -> Any:
    layers: list[Any] = []
    for inner, outer in ((3, 16), (16, 32), (32, 32)):
        layers += [torch.nn.Conv2d(inner, outer, 3, 2, 1, bias=False), torch.nn.BatchNorm2d(outer), torch.nn.ReLU()]
    flat = 32 * (SIZE // 8) ** 2
    return torch.nn.Sequential(*layers, torch.nn.Flatten(), torch.nn.Linear(flat, 32), torch.nn.BatchNorm1d(32))


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_brings_people_apart(name: str) -> None:
    torch.manual_seed(0)
    pictures, owners = photos_of(0)
    views, labels = torch.from_numpy(pictures), torch.from_numpy(owners)
    net = small_net()
    loss = build_loss(name, PEOPLE, 32)
    optimiser = torch.optim.AdamW([*net.parameters(), *loss.parameters()], 5e-3)

    def rank1() -> float:
        with torch.inference_mode():
            templates = torch.nn.functional.normalize(net.eval()(views)).numpy()
        net.train()
        return float(leave_one_out(templates, owners).mean())

    before = rank1()
    for _ in range(100):
        optimiser.zero_grad()
        loss(net(views), labels).backward()
        optimiser.step()
    after = rank1()
    assert before < 0.75
    assert after >= 0.9, (before, after)
