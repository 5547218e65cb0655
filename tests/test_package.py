"""The package as it is imported: its names, and how long it takes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import masquerade

ROOT = Path(__file__).parents[1]
HEAVY = {"torch", "cv2", "onnxruntime", "numpy", "PIL", "pydantic", "rich"}


@pytest.mark.parametrize("name", masquerade.__all__)
def test_public_names_are_there_and_documented(name: str) -> None:
    value = getattr(masquerade, name)
    assert value.__name__.rpartition(".")[2] == name
    assert len(value.__doc__ or "") > 15
    assert not (value.__doc__ or "").startswith(f"{name}(")  # what a dataclass writes by itself


def test_names_are_listed() -> None:
    assert set(masquerade.__all__) | {"__version__"} == set(dir(masquerade))
    assert masquerade.__all__ == sorted(masquerade.__all__)
    assert masquerade.__version__


def test_a_name_keeps_its_value() -> None:
    assert masquerade.look is masquerade.look
    assert callable(masquerade.look)


def test_rooms_are_loaded_on_first_use() -> None:
    code = "import masquerade as mq, sys; assert 'numpy' not in sys.modules; print(mq.masks.draw.__module__)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "masquerade.masks.drawing"


def test_unknown_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="module 'masquerade' has no attribute 'lok'"):
        _ = masquerade.lok
    assert not hasattr(masquerade, "__wrapped__")


COMMANDS = {
    # what, the most that it may take in seconds, and what it may not load
    "import masquerade": (["-c", "import masquerade"], 0.25, HEAVY),
    "masquerade --help": (["-m", "masquerade", "--help"], 0.4, HEAVY),
    "masquerade look --help": (["-m", "masquerade", "look", "--help"], 1.0, HEAVY - {"pydantic"}),  # Typer does
}


def imported(errors: str) -> Iterator[str]:
    for line in errors.splitlines():
        if line.startswith("import time:"):
            yield line.rpartition("|")[2].strip().partition(".")[0]


@pytest.mark.alone
@pytest.mark.parametrize(("command", "limit", "never"), COMMANDS.values(), ids=COMMANDS)
def test_starts_at_once(command: list[str], limit: float, never: set[str]) -> None:
    # Processor time, which other processes do not lengthen as they do a clock's: a start waits for nothing.
    seconds = []
    for _ in range(10):
        before = os.times()
        subprocess.run([sys.executable, *command], check=True, capture_output=True, cwd=ROOT)
        after = os.times()
        seconds.append(after.children_user - before.children_user + after.children_system - before.children_system)
        if min(seconds) <= limit:
            break
    assert min(seconds) <= limit


@pytest.mark.parametrize(("command", "limit", "never"), COMMANDS.values(), ids=COMMANDS)
def test_starts_with_little(command: list[str], limit: float, never: set[str]) -> None:
    done = subprocess.run(
        [sys.executable, *command],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPROFILEIMPORTTIME": "1"},
    )
    names = set(imported(done.stderr))
    assert "masquerade" in names
    assert not never & names
