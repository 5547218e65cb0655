"""ONNX Runtime, loaded in one place so that it keeps to itself.

From 1.29 on its wheels for Linux and macOS report use of models to Microsoft: importing it opens a
thread and a database under ``~/.cache/Microsoft``. What this package sees stays on the machine.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any

OPT_OUT = "ORT_DISABLE_TELEMETRY"
"""Environment variable that ONNX Runtime reads once, while it is imported."""


@lru_cache(maxsize=1)
def onnx_runtime() -> Any:
    """Return ONNX Runtime, loaded on first use with its telemetry off and its log at errors.

    A program that imported it before gets its events stopped; the thread is there by then.
    """
    os.environ[OPT_OUT] = "1"
    import onnxruntime  # noqa: PLC0415 - the registry of models is read without it

    onnxruntime.disable_telemetry_events()
    onnxruntime.set_default_logger_severity(3)
    return onnxruntime
