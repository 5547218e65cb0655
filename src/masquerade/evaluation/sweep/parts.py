"""Pieces that the pages of jobs share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any, TypeVar

from masquerade.evaluation.sweep.jobs import Named

C = TypeVar("C", bound=Named)


def without_result(cells: Iterable[C], runs: Mapping[C, object], failed: Mapping[C, str]) -> list[str]:
    """A box with the runs that failed or were not run yet; nothing where there is none."""
    items = [f"<li><b>{escape(cell.name)}</b>: {escape(why)}</li>" for cell, why in failed.items()]
    waiting = [cell for cell in cells if cell not in runs and cell not in failed]
    items += [f"<li><b>{escape(cell.name)}</b>: not run yet</li>" for cell in waiting]
    return [f'<div class="warn"><p>Without a result:</p><ul>{"".join(items)}</ul></div>'] if items else []


def settings_table(settings: Mapping[str, Any]) -> str:
    """What all runs share, below a heading."""
    items = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td style="white-space: normal; overflow-wrap: anywhere">'
        f"{escape(_plain(value))}</td></tr>"
        for name, value in settings.items()
    )
    return f'<h2 id="settings">Settings</h2><div class="wide"><table>{items}</table></div>'


def _plain(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)
