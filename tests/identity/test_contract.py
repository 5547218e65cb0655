"""What cards say of embedders, and what is wrong with some."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from masquerade.errors import ModelCardInvalid, ModelContractBroken
from masquerade.identity import Contract
from masquerade.models import ModelCard
from tests.identity.made import card

POINTS = [[30, 40], [80, 40], [56, 66], [38, 90], [74, 90]]


def contract(**parameters: Any) -> Contract:
    return Contract.of(ModelCard.model_validate(card(**parameters)))


def test_one_number_stands_for_three_channels() -> None:
    found = contract(mean=127.5, scale=[0.1, 0.2, 0.3], colour="bgr")
    np.testing.assert_array_equal(found.mean, np.full(3, 127.5, np.float32))
    np.testing.assert_array_equal(found.scale, np.array([0.1, 0.2, 0.3], np.float32))
    assert (found.colour, found.rest_on, found.dimensions, found.batch) == ("bgr", "five", 24, None)
    assert (found.pixels, found.output, found.masked_output) == ("pixels", "template", "template")


def test_templates_of_ones_own() -> None:
    np.testing.assert_array_equal(contract(template=POINTS).template, np.array(POINTS, np.float64))
    # the published ArcFace template
    np.testing.assert_allclose(contract(template="arcface").template[0], (38.2946, 51.6963), atol=1e-9)


MISSING = ["size", "colour", "mean", "scale", "template", "dimensions"]


@pytest.mark.parametrize("name", MISSING)
def test_a_missing_parameter_is_named(name: str) -> None:
    with pytest.raises(ModelCardInvalid, match=rf"tiny: parameters\.{name}: expected .*, got nothing"):
        contract(**{name: None})


WRONG: list[tuple[str, Any]] = [
    # sizes that are none
    ("size", 112.0),
    ("size", 0),
    ("size", True),
    ("dimensions", "128"),
    ("colour", "gray"),
    # two channels, words, no numbers
    ("mean", [1, 2]),
    ("mean", "127.5"),
    ("scale", [1, 1, float("nan")]),
    ("scale", 0),
    ("scale", True),
    # four points, points of three numbers, one point twice, another name
    ("template", POINTS[:4]),
    ("template", [[*point, 0] for point in POINTS]),
    ("template", [*POINTS[:4], POINTS[0]]),
    ("template", "mtcnn"),
    ("rest_on", "nose"),
    ("masked_output", "nowhere"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_parameter_is_named(name: str, value: Any) -> None:
    with pytest.raises(ModelCardInvalid, match=rf"tiny: parameters\.{name}: expected "):
        contract(**{name: value})


DISAGREE = [("size", 96), ("dimensions", 512)]


@pytest.mark.parametrize(("name", "value"), DISAGREE)
def test_parameters_that_the_tensors_contradict(name: str, value: int) -> None:
    with pytest.raises(ModelContractBroken, match=rf"tiny: parameters\.{name}: asks for a tensor of"):
        contract(**{name: value})


def test_another_task() -> None:
    with pytest.raises(ModelContractBroken, match="of the task face-identity, got one of mask-wearing"):
        Contract.of(ModelCard.model_validate({**card(), "task": "mask-wearing"}))
