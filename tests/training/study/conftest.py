"""A rendered set and runs on it, made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.study.made import render_set


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """16 pictures with two faces each, all three labels."""
    return render_set(tmp_path_factory.mktemp("rendered") / "set")
