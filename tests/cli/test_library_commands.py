"""``masquerade library build`` and ``show``."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.cli.commands import Run
from tests.masks.library.made import save_bare, save_painted


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    save_painted(folder, "impostor_1")
    save_bare(folder, "impostor_2")
    return folder


def test_build_and_show(masquerade: Run, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "library"
    result = masquerade("library", "build", photos, out, "--kind", "ffp2")
    assert result.code == 0
    assert "1 masks from 1 of 2 photos" in result.out
    assert "1 mask_like_skin" in result.err
    sheet = tmp_path / "sheet.png"
    result = masquerade("library", "show", out, "--save", sheet)
    assert result.code == 0
    lines = result.out.splitlines()
    assert lines[0].split()[:3] == ["id", "kind", "yaw"]
    assert "ffp2" in lines[1]
    assert "impostor_1.png" in lines[1]
    with Image.open(sheet) as picture:
        assert picture.format == "PNG"


def test_a_library_below_the_photos_is_not_cut_out_again(masquerade: Run, photos: Path) -> None:
    out = photos / "library"
    for _ in range(2):
        assert "of 2 photos" in masquerade("library", "build", photos, out).out


REFUSED = [
    # what is said, and the code
    (("build", "PHOTOS", "OUT", "--kind", "veil"), "veil"),
    (("build", "PHOTOS"), "PHOTOS and OUT"),
    (("build", "PHOTOS", "PHOTOS"), "destination_unusable"),
    (("build", "nowhere.jpg", "OUT"), "library_invalid"),
    (("show", "nowhere"), "library_invalid"),
]


@pytest.mark.parametrize(("words", "message"), REFUSED, ids=lambda value: " ".join(value)[:30])
def test_refused(masquerade: Run, photos: Path, tmp_path: Path, words: tuple[str, ...], message: str) -> None:
    places = {"PHOTOS": photos, "OUT": tmp_path / "out"}
    result = masquerade("library", *(places.get(word, word) for word in words))
    assert result.code == 2
    assert message in result.err
