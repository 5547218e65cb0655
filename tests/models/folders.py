"""A user's folder of models, and scripts that run in a process of their own."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from masquerade.models import bundled_folder

ROOT = Path(__file__).resolve().parents[2]


def bundled_card(name: str) -> dict[str, Any]:
    """The card of a model of the package, as it stands in the file."""
    card = json.loads((bundled_folder() / f"{name}.json").read_text(encoding="utf-8"))
    assert isinstance(card, dict)
    return card


def add_model(folder: Path, source: str = "face-mesh", **changes: Any) -> Path:
    """Put a copy of a model of the package into a folder, with a changed card; return the ONNX file."""
    card = {**bundled_card(source), **changes}
    folder.mkdir(parents=True, exist_ok=True)
    card["file"] = changes.get("file", f"{card['name']}.onnx")
    target = folder / str(card["file"])
    shutil.copyfile(bundled_folder() / f"{source}.onnx", target)
    if "sha256" not in changes:
        card["sha256"] = hashlib.sha256(target.read_bytes()).hexdigest()
    (folder / f"{card['name']}.json").write_text(json.dumps(card), encoding="utf-8")
    return target


def run_script(code: str, environment: Mapping[str, str], timeout: float = 120) -> str:
    """Run Python code in a process with nothing of this one's settings; return what it prints."""
    kept = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "HOME", "TMPDIR")
    clean = {name: os.environ[name] for name in kept if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**clean, **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
