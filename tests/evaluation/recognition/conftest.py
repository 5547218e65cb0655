"""The rendered people, once for all tests here."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.evaluation.recognition.made_people import put_mfr2
from tests.identity.made import put_embedder


@pytest.fixture(scope="session")
def embedder_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small embedder."""
    return put_embedder(tmp_path_factory.mktemp("embedder"))


@pytest.fixture(scope="session")
def mfr2_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set in MFR2's layout."""
    return put_mfr2(tmp_path_factory.mktemp("mfr2"))
