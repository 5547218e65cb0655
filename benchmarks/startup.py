"""How long ``import masquerade`` and ``masquerade --help`` take as new processes, and what they load.

python -m benchmarks.startup
"""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np

from benchmarks.common import arguments, show, write

HEAVY = ("torch", "cv2", "onnxruntime")
COMMANDS = {
    "bare interpreter": ["-c", "pass"],
    "import masquerade": ["-c", "import masquerade"],
    "masquerade --help": ["-m", "masquerade", "--help"],
}


def main() -> None:
    """Run, print, write."""
    options = arguments(__doc__).parse_args()
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(15):
        for name, command in COMMANDS.items():
            started = time.perf_counter()
            subprocess.run([sys.executable, *command], check=True, capture_output=True)
            seconds[name].append(time.perf_counter() - started)
    rows = [[name, f"{np.median(values):.3f}", f"{min(values):.3f}"] for name, values in seconds.items()]
    show("start of a new process, seconds", rows, ["what", "median", "min"])
    figures = {
        name: {"median_s": round(float(np.median(values)), 4), "min_s": round(min(values), 4)}
        for name, values in seconds.items()
    }
    write("startup", figures, options.json)


if __name__ == "__main__":
    main()
