"""The packaged network: plain SFace and the taught layers on one trunk; the people set aside."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("safetensors")

from masquerade.datasets.identities import read_identities  # noqa: E402
from masquerade.models.card import read_card  # noqa: E402
from masquerade.training.recognition.product.export import CARD, Both, mean_of, some_people  # noqa: E402
from masquerade.training.recognition.product.faces import set_aside  # noqa: E402
from masquerade.training.recognition.sface import folded  # noqa: E402
from masquerade.training.study.views import to_pixels  # noqa: E402
from tests.training.recognition.product.made import by_chance, pictures  # noqa: E402

pytestmark = pytest.mark.train


def test_both_networks_answer_from_one_trunk() -> None:
    plain = by_chance()
    taught = folded(plain)
    with torch.no_grad():
        taught.dense.weight *= torch.linspace(0.5, 1.5, taught.dense.weight.shape[1])
        pixels = to_pixels(pictures(2))
        one, other = Both(plain, taught, 23)(pixels)
        torch.testing.assert_close(one, plain(pixels), atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(other, taught(pixels), atol=1e-4, rtol=1e-4)
    assert (one - other).abs().max() > 0.01


def test_people_are_either_set_aside_or_trained_on(tmp_path: Path) -> None:
    for number in range(40):
        folder = tmp_path / str(number)
        folder.mkdir()
        for photo in "ab":
            (folder / f"{photo}.jpg").write_bytes(b"")
    everyone = read_identities(tmp_path)
    aside, others = (some_people(everyone, set_aside_too=wanted) for wanted in (True, False))
    assert set(aside.names) == {name for name in map(str, range(40)) if set_aside(name)}
    assert sorted(aside.names + others.names) == sorted(everyone.names)
    for people in (aside, others):
        assert [path.parent.name for path in people.photos] == [people.names[owner] for owner in people.owners]
        np.testing.assert_array_equal(people.counts(), 2)


def test_the_cards_words_are_a_card() -> None:
    card = read_card(CARD)
    assert (card.name, card.task, card.parameters["masked_output"]) == ("identity", "face-identity", "template_masked")


def test_the_mean_of_two_networks_lies_between_them() -> None:
    one, other = folded(by_chance()), folded(by_chance())
    with torch.no_grad():
        other.dense.weight.mul_(3.0)
        wanted = 0.5 * (one.dense.weight + other.dense.weight)
    torch.testing.assert_close(mean_of([one, other]).dense.weight, wanted)
