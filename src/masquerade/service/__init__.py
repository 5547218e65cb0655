"""The HTTP API and the kiosk page.

``create_app`` makes an ASGI application of FastAPI, ``run`` serves it with uvicorn; both need the extra ``serve``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from masquerade.service.config import ServiceConfig

if TYPE_CHECKING:
    from masquerade.service.app import create_app
    from masquerade.service.running import run

__all__ = ["ServiceConfig", "create_app", "run"]


def __getattr__(name: str) -> Any:
    """Load what needs the extra when it is asked for.

    Raises:
        ExtraMissing: it is not installed.
    """
    if name not in __all__:
        raise AttributeError(name)
    from importlib import import_module  # noqa: PLC0415

    from masquerade.errors import ExtraMissing  # noqa: PLC0415

    try:
        module = import_module(f"masquerade.service.{'app' if name == 'create_app' else 'running'}")
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing == "masquerade":
            raise
        raise ExtraMissing.of(f"the service needs {missing}", "serve") from error
    return getattr(module, name)
