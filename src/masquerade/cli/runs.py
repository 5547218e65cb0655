"""What commands that train many networks share: values with commas, weights by network, a line a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from masquerade.cli.printing import shown

if TYPE_CHECKING:
    from masquerade.evaluation.sweep import Outcome

T = TypeVar("T")


def split_values(text: str, kind: Callable[[str], T], option: str) -> list[T]:
    """Read values with commas between them."""
    try:
        return [kind(part.strip()) for part in text.split(",") if part.strip()]
    except ValueError:
        raise typer.BadParameter(f"{text!r}: expected values with commas", param_hint=option) from None


def weights_by_model(
    given: Sequence[str], models: Sequence[str], aliases: Mapping[str, str], option: str = "--models"
) -> dict[str, Path]:
    """Weights by network; those for all stand under the empty name. Those of a network that is not run are refused.

    Args:
        given: ``FILE`` or ``MODEL=FILE``.
        models: networks that are run.
        aliases: full names of short ones.
        option: that named the networks, for the message.
    """
    found = {}
    for text in given:
        model, equals, file = text.partition("=")
        found[aliases.get(model, model) if equals else ""] = Path(file if equals else text)
    strange = sorted(found.keys() - {"", *(aliases.get(model, model) for model in models)})
    if strange:
        raise typer.BadParameter(f"{', '.join(strange)}: none of the models of {option}", param_hint="--weights")
    return found


class Numbering:
    """Says of each run how it ended, and how many are left."""

    def __init__(self, count: int) -> None:
        """Take how many runs there are."""
        self._count, self._done = count, 0

    def tell(self, outcome: Outcome[Any]) -> None:
        """Print one line."""
        self._done += 1
        words = {"finished": "was finished before", "trained": "trained", "failed": f"failed: {shown(outcome.error)}"}
        typer.echo(f"{self._done} of {self._count}  {outcome.cell.name}: {words[outcome.state]}", err=True)
