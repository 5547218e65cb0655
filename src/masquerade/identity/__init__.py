"""Identity: templates of faces, their comparison, and what a score stands for."""

from masquerade.identity.calibration import Calibration, Curve, calibrate, calibration_for
from masquerade.identity.comparing import compare, compare_all, either_masked
from masquerade.identity.contract import TASK, Contract
from masquerade.identity.embedder import Embedder, get_embedder
from masquerade.identity.templates import Failed, Templates

__all__ = [
    "TASK",
    "Calibration",
    "Contract",
    "Curve",
    "Embedder",
    "Failed",
    "Templates",
    "calibrate",
    "calibration_for",
    "compare",
    "compare_all",
    "either_masked",
    "get_embedder",
]
