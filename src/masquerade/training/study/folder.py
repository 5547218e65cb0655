"""The run folder: which files it has, whose it is, and that nothing of anybody else's is touched."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Mapping
from fnmatch import fnmatch
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import masquerade
from masquerade.errors import DestinationUnusable, JobDiffers
from masquerade.files import PARTIAL, make_folder, unusable, write_whole
from masquerade.training.study.plan import differences

CONFIG = "config.json"
SPLIT = "split.csv"
METRICS = "metrics.jsonl"
LEFT_OUT = "left_out.txt"
BOARD = "tensorboard"
PLOTS = "plots"
PREDICTIONS = "predictions.csv"
MODEL = "model.onnx"
CARD = "model.json"
RESULT = "result.json"


def claim(run: Path, identity: Mapping[str, Any]) -> None:
    """Do nothing where ``run`` is absent, empty, or the folder of a run with this identity.

    Args:
        run: the run folder; made where it is absent.
        identity: what the run is of: its plan and recipe.

    Raises:
        JobDiffers: the folder is of another run; the message says what differs.
        DestinationUnusable: it holds other files, is a file, or cannot be made or read.
    """
    make_folder(run)
    config = run / CONFIG
    try:
        others = sorted(path.name for path in run.iterdir() if not fnmatch(path.name, PARTIAL))
        if not others:
            return
        if CONFIG not in others:
            raise DestinationUnusable(f"{run} holds {others[0]}, which is of no run", hint="name a new folder")
        known = json.loads(config.read_text(encoding="utf-8"))
        differing = differences({name: known[name] for name in identity}, identity)
    except OSError as error:
        raise unusable(run, error) from error
    except (KeyError, TypeError, ValueError) as error:
        raise DestinationUnusable(f"{config} is not that of a run: {error}", hint="name a new folder") from error
    if differing:
        raise JobDiffers(f"{run} is of another run: {'; '.join(differing)}", hint="name a new folder")


def versions() -> dict[str, str]:
    """What a run's figures depend on beside its plan."""
    packages = ("torch", "torchvision", "numpy", "opencv-python-headless", "onnxruntime")
    return {
        "masquerade": masquerade.__version__,
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
    }


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write values as JSON, whole or not at all."""
    write_whole(path, (json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode())


def read_json(path: Path) -> dict[str, Any]:
    """Read what ``write_json`` wrote."""
    return cast(dict[str, Any], json.loads(path.read_text(encoding="utf-8")))


def write_rows(run: Path, rows: list[dict[str, Any]]) -> None:
    """Write the figures of the finished epochs, one JSON line each."""
    write_whole(run / METRICS, "".join(json.dumps(row) + "\n" for row in rows).encode())


def write_split(run: Path, content: bytes, remarks: Iterable[str]) -> None:
    """Write which photo is in which part, or compare with what an earlier call wrote; and what was left out.

    Args:
        run: the run folder.
        content: of ``split.csv``.
        remarks: a line for each thing that was left out.

    Raises:
        JobDiffers: the data are not what they were when the run began.
    """
    path = run / SPLIT
    if path.exists() and path.read_bytes() != content:
        raise JobDiffers(f"{path}: the photos are not those with which the run began", hint="train in a new folder")
    write_whole(path, content)
    lines = "".join(f"{line}\n" for line in remarks)
    if lines:
        write_whole(run / LEFT_OUT, lines.encode("utf-8", "surrogateescape"))
