"""The command line in this process, and small photos for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from masquerade.cli import main
from tests.cli.commands import Result, Run


@pytest.fixture
def masquerade(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run ``masquerade WORDS...`` in this process."""

    def run(*words: str | Path) -> Result:
        monkeypatch.setattr("sys.argv", ["masquerade", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        out, err = capsys.readouterr()
        return Result(int(end.value.code or 0), out, err)

    return run


@pytest.fixture(scope="session")
def face(photos: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small photo with one face, JPEG."""
    target = tmp_path_factory.mktemp("face") / "face.jpg"
    with Image.open(photos[0]) as photo:
        photo.resize((136, 157)).save(target, quality=92)
    return target


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small photo without any face, PNG."""
    target = tmp_path_factory.mktemp("blank") / "blank.png"
    Image.fromarray(np.full((64, 96, 3), 130, np.uint8)).save(target)
    return target
