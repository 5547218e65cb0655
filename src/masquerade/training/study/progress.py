"""How a long task says how far it is, without knowing what shows it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol


class Steps(Protocol):
    """Counts the steps of one task."""

    def advance(self) -> None:
        """Count one step as done."""


class _Quiet:
    """Shows nothing."""

    def __enter__(self) -> _Quiet:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        return None

    def advance(self) -> None:
        """Count one step as done."""


Progress = Callable[[str, int], AbstractContextManager[Steps]]
"""Takes a word for what is done and how many steps it has."""


def quiet(what: str, count: int) -> AbstractContextManager[Steps]:  # noqa: ARG001 - nothing to show
    """Show no progress."""
    return _Quiet()
