"""The documents say what the code does: settings, errors, commands and options are all there, examples run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

from masquerade import errors
from masquerade.cli.app import app
from masquerade.settings import Settings
from tools import model_cards

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


def all_errors(kind: type[errors.MasqueradeError]) -> Iterator[type[errors.MasqueradeError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from all_errors(below)


def commands() -> Iterator[tuple[str, list[str]]]:
    """Every command with its options."""

    def walk(command: object, name: str) -> Iterator[tuple[str, list[str]]]:
        options = [option for parameter in command.params for option in parameter.opts if option.startswith("--")]  # type: ignore[attr-defined]
        yield name, options
        for below, inner in getattr(command, "commands", {}).items():
            yield from walk(inner, f"{name} {below}")

    yield from walk(typer.main.get_command(app), "masquerade")


def test_every_setting_is_documented() -> None:
    text = (DOCS / "settings.md").read_text()
    for name, field in Settings.model_fields.items():
        variable = "MASQUERADE_DATA" if name == "data_root" else f"MASQUERADE_{name.upper()}"
        assert f"`{name}`" in text and f"`{variable}`" in text, name
        assert field.description, name


def test_every_error_code_is_documented() -> None:
    text = (DOCS / "errors.md").read_text()
    for kind in all_errors(errors.MasqueradeError):
        assert f"`{kind.code}`" in text, kind.__name__


@pytest.mark.parametrize(("name", "options"), list(commands()), ids=lambda value: str(value)[:40])
def test_every_command_and_option_is_documented(name: str, options: list[str]) -> None:
    text = "\n".join(path.read_text() for path in [*DOCS.glob("*.md"), ROOT / "README.md"])
    assert name in text
    for option in options:
        assert option in {"--help", "--version"} or f"`{option}" in text, f"{name} {option}"


@pytest.mark.parametrize("path", [ROOT / "README.md", *sorted(DOCS.glob("*.md"))], ids=lambda path: path.name)
def test_python_examples_run(path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    for example in re.findall(r"```python\n(.*?)```", path.read_text(), flags=re.DOTALL):
        exec(compile(example, str(path), "exec"), {})  # noqa: S102 - our own documents
        assert capsys.readouterr().out


@pytest.mark.parametrize("path", [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))], ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text()):
        assert (path.parent / target).exists(), target


def test_model_cards_are_up_to_date() -> None:
    assert (DOCS / "model-cards.md").read_text() == model_cards.all_cards()
