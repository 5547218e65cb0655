"""``masquerade embed`` on the command line: the file, what is counted, what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from masquerade.identity import Templates, get_embedder
from tests.cli.commands import Run, run
from tests.identity.made import put_embedder
from tests.recognising.made import beside, masked_photo


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_settings: None) -> Path:
    """A small embedder's file, named by the settings."""
    path = put_embedder(tmp_path)
    monkeypatch.setenv("MASQUERADE_IDENTITY_MODEL", str(path))
    return path


@pytest.fixture
def folder(tmp_path: Path, photos: list[Path], blank: Path) -> Path:
    """Two photos of one person, the second masked; two people beside each other; a wall; a broken file."""
    folder = tmp_path / "photos"
    (folder / "b").mkdir(parents=True)
    (folder / "b" / "1.jpg").write_bytes(photos[4].read_bytes())
    Image.fromarray(masked_photo("person_b_2")).save(folder / "b" / "2.png")
    Image.fromarray(beside(*(np.asarray(Image.open(photos[place])) for place in (0, 1)))).save(folder / "two.png")
    (folder / "wall.png").write_bytes(blank.read_bytes())
    (folder / "broken.jpg").write_bytes(photos[4].read_bytes()[:5000])
    return folder


FACES = [([], 3), (["--faces", "largest"], 3), (["--faces", "all"], 4)]


@pytest.mark.parametrize(("options", "count"), FACES)
def test_a_folder(masquerade: Run, tiny: Path, folder: Path, tmp_path: Path, options: list[str], count: int) -> None:
    out = tmp_path / "new" / "t.npz"
    before = sorted(tmp_path.rglob("*"))
    result = masquerade("embed", folder, "--out", out, *options)
    assert result.code == 1  # two photos gave none
    assert result.out == f"{count} templates, 1 of masked faces, from 3 of 5 photos: {out}\n"
    assert "gave none (2): " in result.err
    for code in ("no_face", "image_damaged"):
        assert f"1 {code}" in result.err and f"[{code}]" in result.err
    templates = Templates.load(out)
    assert templates.model == get_embedder().id
    assert templates.photos.tolist()[:2] == [str(folder / "b" / "1.jpg"), str(folder / "b" / "2.png")]
    assert templates.masked.tolist() == [False, True, *[False] * (count - 2)]
    assert {(Path(name).name, code) for name, code, _ in templates.failed} == {
        ("broken.jpg", "image_damaged"),
        ("wall.png", "no_face"),
    }
    assert sorted(tmp_path.rglob("*")) == sorted([*before, out.parent, out])  # nothing else is written


def test_all_went_well(masquerade: Run, tiny: Path, photos: list[Path], tmp_path: Path) -> None:
    result = masquerade("embed", *photos, "--out", tmp_path / "t.npz")
    assert (result.code, result.err) == (0, "")
    assert Templates.load(tmp_path / "t.npz").photos.tolist() == list(map(str, photos))


def test_in_processes_as_a_command(tiny: Path, photos: list[Path], tmp_path: Path) -> None:
    for workers in ("1", "2"):
        result = run("embed", *photos[:3], "--out", tmp_path / f"{workers}.npz", "--workers", workers)
        assert (result.code, result.err) == (0, "")
    one, two = (Templates.load(tmp_path / f"{workers}.npz") for workers in ("1", "2"))
    np.testing.assert_allclose(one.template, two.template, atol=1e-5)
    assert one.photos.tolist() == two.photos.tolist()


def test_an_older_file_is_kept(masquerade: Run, tiny: Path, photos: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "t.npz"
    out.write_bytes(b"mine")
    result = masquerade("embed", photos[0], "--out", out)
    assert (result.code, result.out) == (2, "")
    assert "is there already" in result.err and "[destination_unusable]" in result.err
    assert out.read_bytes() == b"mine"


WRONG = [
    (["--out", "t.json"], "expected the name of an .npz file"),
    (["--out", "t.npz", "--faces", "one"], "expected one of largest, all"),
    (["--out", "t.npz", "--model", "yunet"], "of the task face-identity"),
    ([], "Missing option '--out'"),
]


@pytest.mark.parametrize(("options", "message"), WRONG)
def test_what_cannot_be_done(
    masquerade: Run,
    tiny: Path,
    photos: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    result = masquerade("embed", photos[0].resolve(), *options)
    assert (result.code, result.out) == (2, "")
    assert message in " ".join(result.err.replace("│", " ").split())
    assert sorted(tmp_path.rglob("*")) == before


def test_the_help_says_what_a_template_is(masquerade: Run) -> None:
    words = " ".join(masquerade("embed", "--help").out.split())
    assert "biometric data" in words and "agreed" in words
