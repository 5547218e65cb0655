"""Options of the commands that read labelled sets."""

from __future__ import annotations

from collections.abc import Iterable

import typer


def class_names(given: Iterable[str]) -> dict[str, str]:
    """Read ``NAME=LABEL``; ``NAME=`` leaves a class out."""
    pairs = {}
    for item in given:
        name, sign, label = item.rpartition("=")
        if not sign or not name:
            raise typer.BadParameter(f"{item!r}: expected NAME=LABEL", param_hint="--class")
        pairs[name] = label
    return pairs
