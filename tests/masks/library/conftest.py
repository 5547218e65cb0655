"""A library built from painted photos."""

from __future__ import annotations

import pytest

from masquerade.masks.library import Built, build_library
from tests.masks.library.made import save_bare, save_painted

NAMES = ("impostor_1", "person_a_2", "person_b_1")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Three painted photos, a bare face, and a file that is no picture."""
    folder = tmp_path_factory.mktemp("library")
    photos = save_painted(folder / "photos", *NAMES)
    broken = folder / "photos" / "broken.png"
    broken.write_bytes(b"no picture")
    return build_library([*photos, save_bare(folder / "photos", "person_b_2"), broken], folder / "built")
