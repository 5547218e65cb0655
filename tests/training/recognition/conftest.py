"""Rendered identities, aligned once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.recognition.made import render_people


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory, samples: Path) -> Path:
    """Eight people of four photos each."""
    return render_people(tmp_path_factory.mktemp("people") / "set", samples)


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of aligned faces that all tests share."""
    return tmp_path_factory.mktemp("aligned")
