"""``masquerade doctor`` and ``masquerade models``: intact, damaged, unknown."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from masquerade.models import bundled_folder, onnx_runtime, sessions
from tests.cli.commands import Run, run

BUNDLED = ["face-mesh", "identity", "wearing", "wearing-small", "yunet"]


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fresh_settings: None) -> Path:
    """The user's folder of models, with a copy of the detector that is called ``mine``."""
    folder = tmp_path / "models"
    folder.mkdir()
    shutil.copy(bundled_folder() / "yunet.onnx", folder / "mine.onnx")
    card = json.loads((bundled_folder() / "yunet.json").read_text(encoding="utf-8"))
    write_card(folder, {**card, "name": "mine", "file": "mine.onnx"})
    monkeypatch.setenv("MASQUERADE_MODELS_DIR", str(folder))
    monkeypatch.setattr(sessions, "_sessions", {})
    return folder


def write_card(folder: Path, card: dict[str, Any]) -> None:
    (folder / "mine.json").write_text(json.dumps(card), encoding="utf-8")


def change_card(folder: Path, **fields: Any) -> None:
    write_card(folder, {**json.loads((folder / "mine.json").read_text(encoding="utf-8")), **fields})


def flip_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def test_doctor_when_all_is_well(masquerade: Run, own: Path) -> None:
    result = masquerade("doctor")
    assert (result.code, result.err) == (0, "")
    assert result.out.endswith("all well\n")
    for words in ("install:", "numpy", "onnxruntime", "inference threads", "models_dir", "CPUExecutionProvider"):
        assert words in result.out
    for name in [*BUNDLED, "mine"]:
        assert any(line.split()[:2] == [name, "ok"] for line in result.out.splitlines())


def test_doctor_as_json(masquerade: Run, own: Path) -> None:
    result = masquerade("doctor", "--json")
    report = json.loads(result.out)
    assert result.code == 0
    assert set(report) == {"install", "runtime", "settings", "extras", "models", "trouble"}
    assert report["trouble"] == []
    assert report["install"]["python"].startswith(".".join(map(str, sys.version_info[:3])))
    assert report["settings"]["models_dir"] == str(own)
    assert [model["name"] for model in report["models"]] == sorted([*BUNDLED, "mine"])
    for model in report["models"]:
        assert hashlib.sha256(Path(model["path"]).read_bytes()).hexdigest() == model["sha256"]


def test_doctor_tells_of_a_damaged_model(masquerade: Run, own: Path) -> None:
    flip_bit(own / "mine.onnx")
    result = masquerade("doctor")
    assert result.code == 1
    assert "\n  mine                     model_hash_mismatch  " in result.out
    assert f"trouble: mine: {own / 'mine.onnx'} has SHA-256" in result.out
    assert result.out.endswith("1 trouble(s)\n")
    report = json.loads(masquerade("doctor", "--json").out)
    assert {model["name"]: model["state"] for model in report["models"]} == {
        **dict.fromkeys(BUNDLED, "ok"),
        "mine": "model_hash_mismatch",
    }


def test_doctor_tells_of_a_damaged_card(masquerade: Run, own: Path) -> None:
    (own / "mine.json").write_text("{", encoding="utf-8")
    result = masquerade("doctor")
    assert result.code == 1
    assert f"trouble: {own / 'mine.json'}: " in result.out
    assert "[model_card_invalid]" in result.out


def test_doctor_tells_of_too_many_threads(masquerade: Run, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("masquerade.settings.usable_cores", lambda: 1)
    monkeypatch.setenv("MASQUERADE_THREADS", "2")
    result = masquerade("doctor")
    assert result.code == 1
    assert "trouble: setting threads is 2, but this process may use 1 cores" in result.out


@pytest.fixture
def no_runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """ONNX Runtime does not import, whoever imported it before."""
    onnx_runtime.cache_clear()
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    yield
    onnx_runtime.cache_clear()


def test_doctor_tells_of_a_broken_runtime(masquerade: Run, own: Path, no_runtime: None) -> None:
    result = masquerade("doctor", "--json")
    assert result.code == 1
    report = json.loads(result.out)
    about, *others = report["trouble"]
    assert about.startswith("onnxruntime cannot be loaded: ")
    assert [line.partition(": onnxruntime cannot be loaded: ")[0] for line in others] == sorted([*BUNDLED, "mine"])
    assert report["runtime"]["execution providers"] == "none"
    assert {model["state"] for model in report["models"]} == {"no_runtime"}
    text = masquerade("doctor")
    assert (text.code, text.err) == (1, "")
    assert text.out.endswith(f"{len(BUNDLED) + 2} trouble(s)\n")


def test_list(masquerade: Run, own: Path) -> None:
    result = masquerade("models", "list")
    rows = [line.split() for line in result.out.splitlines()]
    assert (result.code, result.err) == (0, "")
    assert [row[0] for row in rows] == sorted([*BUNDLED, "mine"])
    assert ["in the package" in line for line in result.out.splitlines()] == [row[0] != "mine" for row in rows]
    assert str(own / "mine.onnx") in result.out


def test_list_says_what_may_not_be_sold(masquerade: Run, own: Path) -> None:
    change_card(own, licence="CC-BY-NC-4.0", commercial_use=False)
    (line,) = [line for line in masquerade("models", "list").out.splitlines() if line.startswith("mine")]
    assert "CC-BY-NC-4.0, no commercial use" in line


def test_list_as_json(masquerade: Run, own: Path) -> None:
    (line,) = masquerade("models", "list", "--json").out.splitlines()
    cards = {card["name"]: card for card in json.loads(line)}
    assert sorted(cards) == sorted([*BUNDLED, "mine"])
    assert cards["mine"]["path"] == str(own / "mine.onnx")
    assert cards["wearing"]["parameters"]["labels"] == ["with_mask", "without_mask", "incorrect"]


@pytest.mark.parametrize("name", BUNDLED)
def test_show(masquerade: Run, own: Path, name: str) -> None:
    result = masquerade("models", "show", name)
    assert (result.code, result.err) == (0, "")
    fields = {line.split()[0] for line in result.out.splitlines()}
    assert {"name", "version", "task", "licence", "source", "sha256", "input", "output", "path"} <= fields
    card = json.loads(masquerade("models", "show", "--json", name).out)
    assert card == {"metrics": {}, "limits": "", "parameters": {}, **card}
    assert card["sha256"] in result.out


def test_verify(masquerade: Run, own: Path) -> None:
    result = masquerade("models", "verify")
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    assert [line.partition(": ")[0] for line in lines] == sorted([*BUNDLED, "mine"])
    assert all(line.partition(": ")[2].startswith("ok, ") for line in lines)


def test_verify_finds_a_changed_byte(masquerade: Run, own: Path) -> None:
    assert masquerade("models", "verify", "mine").code == 0  # which loads it
    flip_bit(own / "mine.onnx")
    result = masquerade("models", "verify", "yunet", "mine")
    assert result.code == 1
    good, bad = result.out.splitlines()
    assert good.startswith("yunet: ok, ")
    assert bad.startswith("mine: mine: ") or bad.startswith(f"mine: {own}")
    assert bad.endswith("[model_hash_mismatch]")
    rows = json.loads(masquerade("models", "verify", "--json", "yunet", "mine").out)
    assert [row["state"] for row in rows] == ["ok", "model_hash_mismatch"]


DAMAGE: list[tuple[dict[str, Any], bytes | None, str]] = [
    # no file beside the card
    ({}, None, "model_hash_mismatch"),
    # the hash fits, the file is no model
    ({}, b"no model at all", "model_contract_broken"),
    # the card names inputs that the file does not have
    ({"inputs": [{"name": "pixels", "shape": [1], "meaning": "other"}]}, b"", "model_contract_broken"),
]


@pytest.mark.parametrize(("fields", "content", "code"), DAMAGE)
def test_verify_finds_other_damage(
    masquerade: Run, own: Path, fields: dict[str, Any], content: bytes | None, code: str
) -> None:
    file = own / "mine.onnx"
    if content is None:
        file.unlink()
    elif content:
        file.write_bytes(content)
        fields = {"sha256": hashlib.sha256(content).hexdigest()}
    change_card(own, **fields)
    result = masquerade("models", "verify", "mine")
    assert result.code == 1
    assert result.out.endswith(f"[{code}]\n")
    assert result.out.count("\n") == 1


@pytest.mark.parametrize("command", ["show", "verify"])
def test_an_unknown_model(masquerade: Run, own: Path, command: str) -> None:
    result = masquerade("models", command, "nope")
    assert (result.code, result.out) == (2, "")
    assert "known: face-mesh, identity, mine, wearing, wearing-small, yunet" in result.err
    assert str(own) in result.err
    assert result.err.endswith("[model_unknown]\n")


def test_as_a_process() -> None:
    result = run("models", "verify")
    assert (result.code, result.err) == (0, "")
    assert run("doctor").code == 0
