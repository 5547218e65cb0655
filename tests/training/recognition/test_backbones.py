"""The backbones: shapes, sizes, and the weights that they start from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
torchvision = pytest.importorskip("torchvision")
pytest.importorskip("safetensors")
pytest.importorskip("onnx")

from masquerade.errors import ModelUnknown, StudyInvalid, WeightsUnusable  # noqa: E402
from masquerade.training.recognition import backbones  # noqa: E402
from masquerade.training.recognition.backbones import BACKBONES, build_backbone  # noqa: E402
from masquerade.training.recognition.names import BACKBONE_NAMES  # noqa: E402

pytestmark = pytest.mark.train


def count(net: Any) -> int:
    return sum(one.numel() for one in net.parameters())


def test_every_name_has_a_backbone() -> None:
    assert tuple(BACKBONES) == BACKBONE_NAMES
    assert all(spec.note and spec.name == name for name, spec in BACKBONES.items())


@pytest.mark.parametrize("name", BACKBONES)
def test_a_backbone_gives_embeddings(name: str) -> None:
    spec = BACKBONES[name]
    dimensions = spec.dimensions or 64
    size = spec.size or 64
    net = build_backbone(name, dimensions, size=size)
    assert net.training
    found = net(torch.randn(2, 3, size, size))
    assert found.shape == (2, dimensions)
    assert torch.isfinite(found).all()


@pytest.mark.parametrize(
    ("name", "dimensions", "expected"),
    [
        # torchvision's pages give the networks with their last layer; the head: two batch norms and one layer.
        ("resnet18", 512, 11_689_512 - 513_000 + 2 * 512 + (512 * 16 + 1) * 512 + 2 * 512),
        ("resnet34", 256, 21_797_672 - 513_000 + 2 * 512 + (512 * 16 + 1) * 256 + 2 * 256),
        ("resnet50", 512, 25_557_032 - 2_049_000 + 2 * 2048 + (2048 * 16 + 1) * 512 + 2 * 512),
        ("resnet101", 256, 44_549_160 - 2_049_000 + 2 * 2048 + (2048 * 16 + 1) * 256 + 2 * 256),
        ("report2-resnet18", 256, 11_689_512 - 513_000 + 513 * 256),
        ("report2-resnet50", 256, 25_557_032 - 2_049_000 + 2049 * 256),
    ],
)
def test_parameters_are_torchvision_s_and_the_head_s(name: str, dimensions: int, expected: int) -> None:
    with torch.device("meta"):
        assert count(build_backbone(name, dimensions)) == expected


def test_mobilefacenet_has_the_million_parameters_of_the_paper() -> None:
    net = build_backbone("mobilefacenet", 128)
    # 0.976 million in its layers, the others in batch norms and PReLUs.
    assert count(net) / 1e6 == pytest.approx(0.99, abs=0.015)


def test_the_head_is_batch_norm_dropout_layer_batch_norm() -> None:
    net = build_backbone("resnet18", 256, dropout=0.25)
    kinds = [type(layer).__name__ for layer in net.fc]
    assert kinds == ["Unflatten", "BatchNorm2d", "Dropout", "Flatten", "Linear", "BatchNorm1d"]
    assert net.fc[2].p == 0.25
    assert build_backbone("resnet18").fc[2].p == 0.4
    assert not any(isinstance(one, torch.nn.BatchNorm1d | torch.nn.Dropout) for one in report2().modules())


def report2() -> Any:
    return build_backbone("report2-resnet18", 256)


def test_torchvision_s_weights_are_taken_from_its_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = torchvision.models.resnet18()
    torch.save(source.state_dict(), tmp_path / "resnet18.pth")
    asked = []

    def given(name: str) -> tuple[Any, str]:
        asked.append(name)
        return source.state_dict(), "a cache"

    monkeypatch.setattr(backbones, "imagenet_state", given)
    for name in ("resnet18", "report2-resnet18"):
        for weights in ("imagenet", tmp_path / "resnet18.pth"):
            net = build_backbone(name, 256, weights)
            state = net.state_dict()
            for key, value in source.state_dict().items():
                assert key.startswith("fc.") or torch.equal(state[key], value), key
    assert asked == ["ResNet18_Weights.IMAGENET1K_V1"] * 2
    for name, spec in BACKBONES.items():
        assert not spec.imagenet or torchvision.models.get_weight(spec.imagenet).url, name


def test_a_run_s_own_weights_are_taken_with_its_head(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    for name in ("mobilefacenet", "resnet18"):
        source = build_backbone(name, 64, size=64)
        save_file({f"net.{key}": value for key, value in source.state_dict().items()}, tmp_path / "c.safetensors")
        again = build_backbone(name, 64, tmp_path / "c.safetensors", size=64)
        assert all(torch.equal(value, again.state_dict()[key]) for key, value in source.state_dict().items())
        other = build_backbone(name, 32, tmp_path / "c.safetensors", size=64)
        assert torch.equal(next(iter(other.parameters())), next(iter(source.parameters())))


def test_weights_that_cannot_be_had_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsUnusable, match="mobilefacenet: torchvision has no weights"):
        build_backbone("mobilefacenet", weights="imagenet")
    (tmp_path / "a.onnx").write_bytes(b"nothing")
    with pytest.raises(WeightsUnusable, match="sface only"):
        build_backbone("resnet18", weights=tmp_path / "a.onnx")
    for path in (tmp_path / "a.onnx", tmp_path / "absent.onnx"):
        with pytest.raises(WeightsUnusable, match=path.name):
            build_backbone("sface", 128, path)
    torch.save(torchvision.models.resnet34().state_dict(), tmp_path / "r34.pth")
    with pytest.raises(WeightsUnusable, match=r"r34\.pth does not fit"):
        build_backbone("resnet18", weights=tmp_path / "r34.pth")


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("sface", {"dimensions": 512}, "dimensions 512: sface takes 128"),
        ("sface", {"dimensions": 128, "size": 96}, "size 96: sface takes 112"),
        ("resnet18", {"dimensions": 0}, "dimensions 0: resnet18 takes 1 to 4096"),
        ("resnet18", {"dropout": 1.0}, "dropout 1.0: resnet18 takes 0 to below 1"),
        ("mobilefacenet", {"size": 100}, "size 100: mobilefacenet takes multiples of 16"),
    ],
)
def test_what_no_backbone_can_be_is_refused(name: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(StudyInvalid, match=said):
        build_backbone(name, **options)


def test_an_unknown_backbone_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ModelUnknown, match=r"'vgg' .*mobilefacenet"):
        build_backbone("vgg")


def test_normalisation_is_what_the_weights_are_used_to() -> None:
    pixels = torch.tensor([0.0, 127.5, 255.0])
    for name, expected in (
        ("resnet50", [(-0.485 / 0.229), (0.5 - 0.485) / 0.229, (1 - 0.485) / 0.229]),  # torchvision's, red
        ("report2-resnet18", [-1, 0, 1]),
        ("mobilefacenet", [-127.5 / 128, 0, 127.5 / 128]),
        ("sface", [0, 127.5, 255]),
    ):
        spec = BACKBONES[name]
        assert ((pixels - spec.mean[0]) * spec.scale[0]).tolist() == pytest.approx(expected, abs=1e-5)
