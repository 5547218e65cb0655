"""Pages of ``docs/`` that are written from the code, and compared with it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def write_or_check(target: Path, text: Callable[[], str], description: str | None) -> int:
    """Write a page, or with ``--check`` on the command line only compare; gives the exit code."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--check", action="store_true")
    if parser.parse_args().check:
        same = target.exists() and target.read_text(encoding="utf-8") == text()
        sys.stdout.write(f"{target.relative_to(ROOT).as_posix()} is {'up to' if same else 'out of'} date\n")
        return 0 if same else 1
    target.write_text(text(), encoding="utf-8")
    return 0
