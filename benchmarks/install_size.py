"""Size of the base install: a new virtual environment, the locked base, and the package as a wheel.

python -m benchmarks.install_size
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.common import arguments, show, write

ROOT = Path(__file__).parents[1]


def size_of(folder: Path) -> int:
    """Bytes on disk of all files below a folder."""
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def main() -> None:
    """Install, measure, print, write."""
    options = arguments(__doc__).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        before = size_of(Path(folder))
        pip = [f"{folder}/bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        binary = ["--only-binary=:all:", "--require-hashes", "-r", str(ROOT / "requirements/base.txt")]
        subprocess.run([*pip, *binary], check=True)
        subprocess.run([*pip, "--no-deps", str(ROOT)], check=True)
        packages = next(Path(folder).glob("lib/python*/site-packages"))
        parts = sorted(((size_of(part), part.name) for part in packages.iterdir() if part.is_dir()), reverse=True)
        total = size_of(Path(folder)) - before
    rows = [[name, f"{size / 1e6:.1f}"] for size, name in parts[:9]]
    show("largest parts of the base install", [*rows, ["all", f"{total / 1e6:.1f}"]], ["folder", "MB"])
    print("Every dependency came as a wheel: no compiler was needed.")
    write("install_size", {"megabytes": round(total / 1e6, 1)}, options.json)


if __name__ == "__main__":
    main()
