"""The application: routes, and what stands around them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from masquerade.service.config import ServiceConfig
from masquerade.service.edge import problems
from masquerade.service.edge.closing import Closing
from masquerade.service.edge.envelope import Envelope
from masquerade.service.edge.hosts import Hosts
from masquerade.service.edge.limits import BodyLimits
from masquerade.service.kiosk import mount_kiosk
from masquerade.service.routes import look, probes, session
from masquerade.service.service import Service

ABOUT = (
    "Faces with and without medical masks: photos in, faces and how each wears a mask out. Everything is computed on "
    "this machine. Nobody is identified, no photo is kept."
)


def create_app(config: ServiceConfig | None = None) -> FastAPI:
    """Make the application; its lifespan loads the models and starts the camera.

    Args:
        config: by default what the settings say, on loopback.

    Returns:
        An app whose ``state.service`` is the ``Service`` that the routes share.
    """
    config = config or ServiceConfig.from_settings()
    service = Service(config)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await service.start()
        try:
            yield
        finally:
            await service.stop()

    app = FastAPI(
        title="Masquerade",
        version="1",  # of the API; /health tells that of the package
        description=ABOUT,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        docs_url=None,  # FastAPI's pages fetch their scripts from outside hosts
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.state.service = service
    problems.install(app)
    for routes in (look, probes, session):
        app.include_router(routes.router)
    mount_kiosk(app)
    caps = {"/v1/look": config.max_bytes, "/v1/look/batch": config.max_batch_bytes}
    # The last that is added is the outermost.
    app.add_middleware(Closing, closing=service.closing, confirm=service.confirm)
    app.add_middleware(BodyLimits, caps=caps, timeout=config.body_timeout, pause=config.body_pause)
    app.add_middleware(Hosts, names=config.allow_hosts, any_name=config.keys_wanted and not config.allow_hosts)
    app.add_middleware(Envelope, metrics=service.metrics)
    return app
