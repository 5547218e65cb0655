"""The product's teaching: its loss, its views, and a run that was killed."""

from __future__ import annotations

import functools
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("safetensors")

from torch import Tensor  # noqa: E402
from torch.nn import functional  # noqa: E402

from masquerade.errors import JobDiffers  # noqa: E402
from masquerade.training.recognition.product import learning  # noqa: E402
from masquerade.training.recognition.product.export import load_taught  # noqa: E402
from masquerade.training.recognition.product.learning import (  # noqa: E402
    ProductRecipe,
    Teaching,
    margin_loss,
    random_views,
    templates_by,
)
from masquerade.training.recognition.sface import DIMENSIONS, folded  # noqa: E402
from masquerade.training.study.checkpoint import SUMMARY  # noqa: E402
from tests.training.recognition.product.made import by_chance, made_faces, pictures  # noqa: E402

pytestmark = pytest.mark.train

STILL = ProductRecipe(turn=0, stretch=0, shift=0, light=0)
TINY = ProductRecipe(first=25, steps=4, batch=4, bare=0.5)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def test_the_loss_against_numpy() -> None:
    rng = np.random.default_rng(0)
    drawn = [rng.normal(size=(count, 6)) for count in (5, 5, 4)]
    templates, targets, centres = (rows / np.sqrt((rows**2).sum(axis=1, keepdims=True)) for rows in drawn)
    labels = np.array([2, 0, 3, 3, 1])
    recipe = ProductRecipe(scale=7.0, margin=0.2, people=0.9, distance=0.3)
    each = []
    for template, target, label in zip(templates, targets, labels, strict=True):
        strengths = [7.0 * (np.dot(template, centre) - 0.2 * (c == label)) for c, centre in enumerate(centres)]
        share = np.exp(strengths[label]) / sum(np.exp(strength) for strength in strengths)
        each.append(-0.9 * np.log(share) + 0.3 * np.sum((template - target) ** 2) / 2)  # 1 - cos is half the square
    a, b, c, d = (torch.from_numpy(array) for array in (templates, targets, centres, labels))
    assert float(margin_loss(a, b, c, d, recipe)) == pytest.approx(np.mean(each), rel=1e-9)


def test_without_spreads_a_view_is_the_crop_or_its_mirror_image() -> None:
    crops = pictures(24)
    views = random_views(crops, np.random.default_rng(0), STILL).numpy().transpose(0, 2, 3, 1)
    straight = np.abs(views - crops).max(axis=(1, 2, 3)) < 0.02
    mirrored = np.abs(views - crops[:, :, ::-1]).max(axis=(1, 2, 3)) < 0.02
    assert (straight ^ mirrored).all()
    assert 5 <= mirrored.sum() <= 19


def spots(recipe: ProductRecipe, count: int = 300) -> np.ndarray:
    """Where a spot 30 pixels above the middle comes to lie in views: (count, 2) x, y from the middle."""
    y, x = np.mgrid[:112, :112] - 55.5
    spot = 250 * np.exp(-(x**2 + (y + 30) ** 2) / 50)
    crops = np.repeat(np.repeat(spot[None, ..., None], 3, axis=3), count, axis=0).astype(np.uint8)
    views = random_views(crops, np.random.default_rng(1), recipe).numpy()[:, 0].astype(np.float64)
    weight = views.sum(axis=(1, 2))
    return np.stack([(views * x).sum(axis=(1, 2)) / weight, (views * y).sum(axis=(1, 2)) / weight], axis=1)


def test_views_spread_as_the_recipe_says() -> None:
    x, y = spots(replace(STILL, turn=6)).T
    assert np.degrees(np.arctan2(x, -y)).std() == pytest.approx(6, rel=0.15)
    np.testing.assert_allclose(np.hypot(x, y), 30, atol=0.3)
    x, y = spots(replace(STILL, stretch=0.05)).T
    assert np.log(np.hypot(x, y)).std() == pytest.approx(0.05, rel=0.15)
    x, y = spots(replace(STILL, shift=0.04)).T
    assert x.std() == pytest.approx(0.04 * 56, rel=0.15)
    assert y.std() == pytest.approx(0.04 * 56, rel=0.15)
    assert abs(y.mean() + 30) < 0.5


def test_light_scales_and_stays_in_range() -> None:
    crops = np.full((200, 112, 112, 3), 200, np.uint8)
    views = random_views(crops, np.random.default_rng(0), replace(STILL, light=0.4)).numpy()
    np.testing.assert_allclose(views.max(axis=(1, 2, 3)), views.min(axis=(1, 2, 3)), rtol=1e-6)
    gains = views[:, 0, 0, 0] / 200
    assert gains.min() == pytest.approx(0.6, abs=0.02)
    assert gains.max() == pytest.approx(255 / 200)  # clipped


def test_views_follow_from_the_generator_alone() -> None:
    crops = pictures(4)
    first, again, other = (random_views(crops, np.random.default_rng(seed), ProductRecipe()) for seed in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_templates_are_the_same_whatever_the_batch() -> None:
    crops = pictures(5)

    def embed(pixels: Tensor) -> Tensor:
        return functional.normalize(pixels.flatten(1)[:, :DIMENSIONS] + 1)

    found = templates_by(embed, crops, batch=2)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(found, templates_by(embed, crops), atol=1e-6)
    assert templates_by(embed, crops[:0]).shape == (0, DIMENSIONS)


class Killed(Exception):
    """Stops a run."""


def test_a_killed_run_ends_as_an_unbroken_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "KEEP", 2)
    net, faces = by_chance(), made_faces()
    whole = Teaching(net, faces, TINY, tmp_path / "whole")
    start = {name: value.clone() for name, value in whole.net.state_dict().items()}
    lines: list[str] = []
    whole.fit(lines.append)
    assert [line.split(":")[0] for line in lines] == ["step 2", "step 4"]

    broken = Teaching(net, faces, TINY, tmp_path / "broken")

    def kill(line: str) -> None:
        broken.step()  # work that no checkpoint has
        raise Killed

    with pytest.raises(Killed):
        broken.fit(kill)
    resumed = Teaching(net, faces, TINY, tmp_path / "broken")
    assert resumed.state.step == 2
    resumed.fit(lines.append)
    expected = whole.net.state_dict()
    found = resumed.net.state_dict()
    assert all(torch.equal(value, found[name]) for name, value in expected.items())

    changed = {name for name, value in expected.items() if not torch.equal(value, start[name])}
    assert "dense.weight" in changed
    assert {name.split(".")[1] for name in changed if name.startswith("steps.")} == {"25", "26"}
    # Statistics of the head stay.
    assert not any("running" in name for name in changed)

    summary = json.loads((tmp_path / "broken" / SUMMARY).read_text(encoding="utf-8"))
    assert (summary["state"]["step"], summary["identity"]["faces"], summary["identity"]["masked"]) == (4, 6, 12)
    with pytest.raises(JobDiffers, match="seed"):
        Teaching(net, faces, replace(TINY, seed=1), tmp_path / "broken")

    other = replace(faces, masked=faces.masked.copy())
    other.masked[0, 0, 0, 0] += 1
    with pytest.raises(JobDiffers, match="content is"):
        Teaching(net, other, TINY, tmp_path / "broken")

    for share, weight in ((1.0, expected["dense.weight"]), (0.0, start["dense.weight"])):
        torch.testing.assert_close(load_taught(tmp_path / "whole", net, share).dense.weight, weight)
    half = load_taught(tmp_path / "whole", net, 0.25)
    between = 0.75 * folded(net).steps[26][0].weight + 0.25 * expected["steps.26.0.weight"]
    torch.testing.assert_close(half.steps[26][0].weight, between, rtol=1e-5, atol=1e-7)
    assert not half.training


def test_a_checkpoint_that_does_not_tell_its_faces_is_taken_by_their_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    net, faces = by_chance(), made_faces()
    old = Teaching(net, faces, TINY, tmp_path)
    assert not old.untold
    del old._identity["content"]  # as before it was kept
    old.fit(lambda _: None)
    resumed = Teaching(net, faces, TINY, tmp_path)
    assert resumed.untold and resumed.state.step == 4
    with pytest.raises(JobDiffers, match="masked is 12, not 6"):
        Teaching(net, made_faces(versions=1), TINY, tmp_path)


def test_the_content_of_faces_has_a_digest() -> None:
    faces = made_faces()
    assert faces.digest() == made_faces().digest()
    names = np.array(["another", *faces.identities[1:]])
    changed = [
        replace(faces, identities=names),
        replace(faces, of=faces.of[::-1]),
        replace(faces, bare=faces.bare[::-1]),
    ]
    assert len({faces.digest(), *(one.digest() for one in changed)}) == 4


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    made_faces().save(tmp_path / "faces.npz")
    (tmp_path / "sface.onnx").write_bytes(b"")
    monkeypatch.setattr(learning, "load_sface", lambda _: by_chance())
    monkeypatch.setattr(learning, "ProductRecipe", functools.partial(ProductRecipe, first=25, batch=4))
    command = ["learning", "--faces", "faces.npz", "--sface", "sface.onnx", "--out", "run", "--steps", "1"]
    monkeypatch.setattr(sys, "argv", command)
    monkeypatch.chdir(tmp_path)
    learning.main()
    people, step = capsys.readouterr().out.splitlines()
    assert people.split()[1] == "people,"
    assert step.startswith("step 1: loss ")
    recipe = json.loads((tmp_path / "run" / SUMMARY).read_text(encoding="utf-8"))["identity"]["recipe"]
    assert (recipe["steps"], recipe["seed"], recipe["rate"]) == (1, 0, 3e-4)
