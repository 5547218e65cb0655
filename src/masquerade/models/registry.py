"""The registry of models: those in the package, and the user's own.

A model is an ONNX file with a card of the same stem. A card in the user's folder (setting
``models_dir``) stands before one of the same name in the package.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from masquerade.errors import ModelCardInvalid, ModelHashMismatch, ModelUnknown
from masquerade.models.card import ModelCard, read_card
from masquerade.settings import get_settings

SUFFIX = ".onnx"


@dataclass(frozen=True, slots=True)
class Model:
    """A registered model.

    Attributes:
        card: its card.
        path: its ONNX file; may be absent when the card is all there is.
        bundled: True when it came with the package.
    """

    card: ModelCard
    path: Path
    bundled: bool

    def read(self) -> bytes:
        """Return the bytes of the ONNX file after comparing their SHA-256 with the card's.

        Raises:
            ModelHashMismatch: the file is absent, unreadable, or not the one that the card names.
        """
        hint = (
            "install masquerade again"
            if self.bundled
            else "if you changed the file on purpose, write its SHA-256 into the card"
        )
        try:
            content = self.path.read_bytes()
        except OSError as error:
            raise ModelHashMismatch(
                f"{self.card.name}: {self.path} cannot be read: {error.strerror}", hint=hint
            ) from error
        found = hashlib.sha256(content).hexdigest()
        if found != self.card.sha256:
            raise ModelHashMismatch(
                f"{self.card.name}: {self.path} has SHA-256 {found}, its card says {self.card.sha256}", hint=hint
            )
        return content


def bundled_folder() -> Path:
    """Return the folder of the weights that came with the package."""
    return Path(str(files("masquerade.models") / "weights"))


def _read_model(path: Path) -> Model:
    if not path.is_file():
        raise ModelUnknown(f"{path} is not there", hint="name an ONNX file, with its card beside it")
    return Model(card=read_card(path.with_suffix(".json")), path=path, bundled=False)


@lru_cache(maxsize=8)
def _read_folder(folder: Path, bundled: bool) -> dict[str, Model]:
    models: dict[str, Model] = {}
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else []:
        card = read_card(path)
        if card.name in models:
            raise ModelCardInvalid(f"{path}: the name {card.name} is taken by {models[card.name].path}")
        models[card.name] = Model(card=card, path=folder / card.file, bundled=bundled)
    return models


def list_models() -> list[Model]:
    """Return all registered models, sorted by name.

    Raises:
        ModelCardInvalid: a card cannot be used.
    """
    found = {**_read_folder(bundled_folder(), True), **_read_folder(get_settings().models_dir, False)}
    return [found[name] for name in sorted(found)]


def get_model(name: str) -> Model:
    """Return one model by name, or by the path of its ONNX file, which ends in ``.onnx`` and has its card beside it.

    Raises:
        ModelUnknown: there is none; the message lists those that there are.
        ModelCardInvalid: a file is there without its card, or with one that cannot be used.
    """
    if name.endswith(SUFFIX):
        return _read_model(Path(name))
    known = {model.card.name: model for model in list_models()}
    if name not in known:
        raise ModelUnknown(
            f"no model is called {name!r}; known: {', '.join(known) or 'none'}",
            hint=f"put NAME.onnx and NAME.json into {get_settings().models_dir}",
        )
    return known[name]
