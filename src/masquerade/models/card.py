"""The card of a model: where it comes from, what it may be used for, what it takes and gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from masquerade.errors import ModelCardInvalid


class Tensor(BaseModel):
    """One input or output of a model.

    Attributes:
        name: its name in the ONNX graph.
        shape: sizes; a string stands for a free one.
        meaning: layout, colour order, range and unit in words.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    shape: tuple[int | str, ...]
    meaning: str


class ModelCard(BaseModel):
    """What is known of one weights file; stands beside it as JSON.

    Attributes:
        name: the name under which the registry knows the model.
        version: version of these weights.
        task: what it does: ``face-detection``, ``face-landmarks``, ``mask-wearing``.
        file: name of the ONNX file beside the card.
        sha256: SHA-256 of that file, 64 hexadecimal digits.
        licence: SPDX identifier of the licence of the weights.
        commercial_use: False when the licence of the weights forbids it; the terms of the training
            data stand in ``trained_on``.
        source: where the weights come from and what turned them into this file.
        trained_on: the data they were trained on.
        metrics: published or measured figures, with how they were measured.
        limits: what it cannot do, who is served worse.
        inputs, outputs: the tensors.
        parameters: further numbers and names that the code needs, such as label order or mean.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    version: str
    task: str
    file: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\.onnx$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    licence: str
    commercial_use: bool
    source: str
    trained_on: str
    metrics: dict[str, str] = {}
    limits: str = ""
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    parameters: dict[str, Any] = {}


def read_card(path: Path) -> ModelCard:
    """Read and check one card.

    Raises:
        ModelCardInvalid: the file cannot be read, is no JSON, or a field is missing or wrong.
    """
    try:
        return ModelCard.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ModelCardInvalid(f"{path}: {error}", hint="a card is a JSON file beside its ONNX file") from error
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, item['loc'])) or 'card'}: {item['msg']}" for item in error.errors())
        raise ModelCardInvalid(f"{path}: {problems}", hint="docs/models.md lists the fields of a card") from error
