"""Run the command line, in this process or as a new one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "docs" / "look.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
COMMAND = [sys.executable, "-m", "masquerade"]


@dataclass(frozen=True)
class Result:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The JSON lines, each checked against the schema."""
        found = [json.loads(line) for line in self.out.splitlines()]
        for line in found:
            VALIDATOR.validate(line)
        return found


Run = Callable[..., Result]
"""Runs ``masquerade WORDS...``."""


def environment(**changes: str) -> dict[str, str]:
    """The environment of a new process, with changes; an empty value takes a name away."""
    kept = {key: value for key, value in os.environ.items() if changes.get(key) != ""}
    return {**kept, **{key: value for key, value in changes.items() if value}}


def run(*words: str | Path, **changes: str) -> Result:
    """Run the command line as a new process."""
    done = subprocess.run(
        [*COMMAND, *map(str, words)], capture_output=True, check=False, env=environment(**changes), timeout=120
    )
    return Result(
        done.returncode, done.stdout.decode("utf-8", "surrogateescape"), done.stderr.decode("utf-8", "replace")
    )
