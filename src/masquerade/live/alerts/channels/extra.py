"""Packages of the extra ``[watch]``."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from masquerade.errors import ExtraMissing


def need(package: str, what: str) -> ModuleType:
    """Import a package of the extra.

    Args:
        package: its name.
        what: what needs it, in the plural.

    Raises:
        ExtraMissing: it is not installed.
    """
    try:
        return import_module(package)
    except ImportError:
        raise ExtraMissing.of(f"{what} need {package}", "watch") from None
