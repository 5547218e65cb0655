"""Threads that the package opens, and what its runtime keeps to itself."""

from __future__ import annotations

import ast
import os
import sys
from pathlib import Path

import pytest

from tests.models.folders import ROOT, run_script

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="threads are counted in /proc")

COUNT = """
import os
from pathlib import Path

def count():
    return len(os.listdir("/proc/self/task"))

import numpy
import cv2
start = count()
from masquerade.image import read_image
from masquerade.faces import assess, find_faces
from masquerade.models import get_session
for path in sorted(Path("samples").glob("*.jpg")):
    image = read_image(path)
    assess(image, find_faces(image))
get_session("wearing")
print(start, count(), cv2.getNumThreads())
"""


@LINUX
@pytest.mark.parametrize("threads", [1, 2, 4])
def test_threads_that_are_opened(threads: int) -> None:
    """The caller's thread works with the pool of ONNX Runtime, and by turns with that of OpenCV.

    Each pool is one smaller than the setting, so a process with the setting 2 has two threads more
    than an idle one: 2 + 1. They never run at the same time for one caller.
    """
    found = run_script(COUNT, {"OPENBLAS_NUM_THREADS": "1", "MASQUERADE_THREADS": str(threads)})
    start, end, opencv = (int(word) for word in found.split())
    assert start == 1
    assert end <= 1 + 2 * (threads - 1)
    assert opencv == threads


@LINUX
def test_threads_that_numpy_and_opencv_open_by_themselves() -> None:
    """Both bring an OpenBLAS that opens a thread a core when it is imported, before anyone may ask it not to.

    Those threads sleep: nothing here is large enough for them. ``OPENBLAS_NUM_THREADS=1`` spares them.
    """
    found = run_script(COUNT, {"MASQUERADE_THREADS": "2"})
    start, end, _ = (int(word) for word in found.split())
    assert start <= 1 + 2 * (len(os.sched_getaffinity(0)) - 1)
    assert end - start <= 2


QUIET = """
import os
from masquerade.models import get_session
get_session("face-mesh")
print(os.environ["ORT_DISABLE_TELEMETRY"], sum(len(files) for _, _, files in os.walk(os.environ["HOME"])))
"""


def test_the_runtime_keeps_no_record_of_its_use(tmp_path: Path) -> None:
    """ONNX Runtime 1.29 and later write a database into the home folder and send it to Microsoft."""
    found = run_script(QUIET, {"HOME": str(tmp_path), "TMPDIR": str(tmp_path)})
    assert found.split() == ["1", "0"]


def importers(name: str) -> set[str]:
    """Modules of the package that import a library themselves."""
    found = set()
    package = ROOT / "src" / "masquerade"
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            if any(item.split(".")[0] == name for item in names):
                found.add(path.relative_to(package).as_posix())
    return found


def test_one_place_loads_the_runtime() -> None:
    """Imported anywhere else first, ONNX Runtime would open its telemetry."""
    assert importers("onnxruntime") == {"models/runtime.py"}
