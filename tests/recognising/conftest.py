"""An embedder of one layer, calibrated on made-up scores, in place of the package's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from masquerade.identity import calibrate, get_embedder
from masquerade.settings import get_settings
from tests.identity.made import put_embedder


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_settings: None) -> Path:
    """The embedder's file; the settings name it and a calibration of it."""
    folder = tmp_path / "model"
    folder.mkdir()
    path = put_embedder(folder)
    monkeypatch.setenv("MASQUERADE_IDENTITY_MODEL", str(path))
    scores = np.random.default_rng(0).normal(0.5, 0.1, 40_000)
    made = calibrate(scores, scores + 0.05, set="made-up scores", model=get_embedder(str(path)).id)
    made.save(folder / "calibration.json")
    monkeypatch.setenv("MASQUERADE_IDENTITY_CALIBRATION", str(folder / "calibration.json"))
    get_settings.cache_clear()
    return path
