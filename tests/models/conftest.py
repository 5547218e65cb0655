"""Fixtures of the registry's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from masquerade.models import registry, sessions
from masquerade.settings import get_settings


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """An empty folder for the user's own models; no session is open yet."""
    models = tmp_path / "models"
    monkeypatch.setenv("MASQUERADE_MODELS_DIR", str(models))
    monkeypatch.setattr(sessions, "_sessions", {})
    get_settings.cache_clear()
    registry._read_folder.cache_clear()
    yield models
    get_settings.cache_clear()
    registry._read_folder.cache_clear()
