"""What commands that train one network share: how a run is told while it goes, and how one is interrupted."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from masquerade.cli.printing import shown
from masquerade.cli.progress import Bar

if TYPE_CHECKING:
    from masquerade.training.study.progress import Progress

Train = Callable[["Progress", Callable[[dict[str, Any]], None], Callable[[dict[str, Any]], None]], Path]
"""Trains with a bar of progress, a hearer of epochs and one of the start; gives the run folder."""
CommercialOption = Annotated[
    bool,
    typer.Option("--commercial-use", help="The card says so: the terms of photos and weights allow commercial use."),
]


class Told(ABC):
    """Prints how a run goes: lines for people, JSON lines, or nothing."""

    def __init__(self, as_json: bool, quiet: bool) -> None:
        """Take the form."""
        self._json, self._quiet = as_json and not quiet, quiet

    @abstractmethod
    def begin(self, config: dict[str, Any]) -> None:
        """Say to people what is trained, on what."""

    @abstractmethod
    def figures(self, row: dict[str, Any]) -> str:
        """An epoch's figures, for people."""

    @abstractmethod
    def outcome(self, values: dict[str, Any]) -> Iterable[str]:
        """What came of the run, line by line, for people."""

    def start(self, config: dict[str, Any]) -> None:
        """Tell what is trained, on what."""
        if self._json or self._quiet:
            return
        self.begin(config)
        if config["epochs_done"]:
            typer.echo(f"going on after epoch {config['epochs_done']}")

    def epoch(self, row: dict[str, Any]) -> None:
        """Tell an epoch's figures."""
        if self._json:
            typer.echo(json.dumps(row))
        elif not self._quiet:
            typer.echo(f"epoch {row['epoch']}  {self.figures(row)}")

    def result(self, run: Path) -> None:
        """Tell what came of it."""
        if self._quiet:
            return
        values = json.loads((run / "result.json").read_text(encoding="utf-8"))
        if self._json:
            typer.echo(json.dumps(values | {"run": str(run)}))
            return
        for line in self.outcome(values):
            typer.echo(line)
        typer.echo(f"run: {shown(run)}")


def train_told(train: Train, run: Path, told: Told, bar: bool, talks: bool = True) -> None:
    """Train, and tell how it goes.

    Args:
        train: does it.
        run: the run folder, for the word on how to go on.
        told: tells.
        bar: whether bars of progress are shown.
        talks: whether an interruption is told; of several processes one alone does.
    """
    from masquerade.training.study.progress import quiet

    progress: Progress = Bar if bar else quiet
    try:
        run = train(progress, told.epoch, told.start)
    except KeyboardInterrupt:
        if talks:
            typer.echo(f"interrupted; the same command goes on with {shown(run)}", err=True)
        raise
    told.result(run)
