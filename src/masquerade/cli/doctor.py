"""``masquerade doctor``: what is installed, what runs, what is wrong."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from masquerade.cli.printing import shown


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Check the install: versions, runtimes, threads, settings, models and their hashes. Exit code 1 on trouble."""
    report = examine()
    if as_json:
        typer.echo(json.dumps(report, indent=2))
    else:
        for section in ("install", "runtime", "settings", "extras"):
            typer.echo(f"{section}:")
            for key, value in report[section].items():
                typer.echo(f"  {key:24} {value}")
        typer.echo("models:")
        for model in report["models"]:
            typer.echo(f"  {model['name']:24} {model['state']}  {model['sha256'][:16]}  {model['licence']}")
        for line in report["trouble"]:
            typer.echo(f"trouble: {shown(line)}")
        typer.echo("all well" if not report["trouble"] else f"{len(report['trouble'])} trouble(s)")
    if report["trouble"]:
        raise typer.Exit(1)


def examine() -> dict[str, Any]:
    """Collect what ``doctor`` prints."""
    import platform
    import sys

    import masquerade
    from masquerade.settings import get_settings, usable_cores

    settings = get_settings()
    trouble: list[str] = []
    return {
        "install": {
            "masquerade": masquerade.__version__,
            "python": f"{platform.python_version()} ({sys.executable})",
            "platform": platform.platform(),
            **_versions(("numpy", "opencv-python-headless", "onnxruntime", "pillow", "pydantic", "typer")),
        },
        "runtime": _runtime(usable_cores(), settings.threads, trouble),
        "settings": {key: str(value) for key, value in settings.model_dump().items()},
        "extras": _versions(("pillow-heif", "ray", "torch", "torchvision")),
        "models": _models(trouble),
        "trouble": trouble,
    }


def _versions(names: tuple[str, ...]) -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _runtime(cores: int, threads: int, trouble: list[str]) -> dict[str, str]:
    if threads > cores:
        trouble.append(f"setting threads is {threads}, but this process may use {cores} cores")
    from masquerade.models import onnx_runtime

    try:
        available = onnx_runtime().get_available_providers()
    except ImportError as error:  # a broken install is what this command is there to tell
        trouble.append(f"onnxruntime cannot be loaded: {error}")
        providers = "none"
    else:
        providers = f"CPUExecutionProvider (of {', '.join(available)})"
    return {
        "cores this process may use": str(cores),
        "inference threads": str(threads),
        "execution providers": providers,
    }


def _models(trouble: list[str]) -> list[dict[str, str]]:
    from masquerade.errors import ModelError
    from masquerade.models import get_session, list_models

    found = []
    try:
        models = list_models()
    except ModelError as error:  # a card that cannot be read
        trouble.append(f"{error} [{error.code}]")
        models = []
    for model in models:
        state = "ok"
        try:
            get_session(model.card.name)
        except (ModelError, ImportError) as error:  # ONNX Runtime is imported anew for each model
            if isinstance(error, ModelError):
                state = error.code
                trouble.append(f"{error} [{error.code}]")
            else:
                state = "no_runtime"
                trouble.append(f"{model.card.name}: onnxruntime cannot be loaded: {error}")
        found.append(
            {
                "name": model.card.name,
                "state": state,
                "sha256": model.card.sha256,
                "licence": model.card.licence,
                "path": str(model.path),
            }
        )
    return found
