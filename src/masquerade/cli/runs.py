"""What commands that train many networks share: values with commas, weights by network, a line a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from masquerade.cli.printing import shown

if TYPE_CHECKING:
    from masquerade.evaluation.sweep import Outcome
    from masquerade.evaluation.sweep.jobs import Named

T = TypeVar("T")
C = TypeVar("C", bound="Named")


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


def run_all(out: Path, cells: Sequence[C], train: Callable[[C, Path], object]) -> dict[C, str]:
    """Run what is not finished yet, with a line for each run; gives why runs failed.

    Args:
        out: folder of the job.
        cells: its runs.
        train: trains one in its folder.
    """
    from masquerade.evaluation.sweep import run_cells

    try:
        outcomes = run_cells(out, cells, train, Numbering(len(cells)).tell)
    except KeyboardInterrupt:
        typer.echo(f"interrupted; the same command goes on with {shown(out)}", err=True)
        raise
    return {one.cell: str(one.error) for one in outcomes if one.error is not None}


def tell_job(out: Path, told: str, failed: Mapping[C, str]) -> None:
    """Print what came of a job, where its page is, and why runs have no result.

    Raises:
        typer.Exit: some have none.
    """
    typer.echo(told)
    typer.echo(f"page: {(out / 'index.html').resolve().as_uri()}", err=True)
    if failed:
        typer.echo(f"without a result ({len(failed)}):", err=True)
        for cell, why in failed.items():
            typer.echo(f"  {cell.name}: {shown(why)}", err=True)
        raise typer.Exit(1)


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
