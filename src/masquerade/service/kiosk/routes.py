"""``/``, ``/static/kiosk/`` and ``/v1/kiosk/``: the page, its files, and what it talks to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, FastAPI, Request, Response, Security, WebSocket
from fastapi.requests import HTTPConnection
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import Field

from masquerade.errors import Busy, RouteUnknown
from masquerade.service.access.guard import Caller, needs_watch
from masquerade.service.answers import GUARDED, Answer, problems
from masquerade.service.kiosk.config import KioskConfig
from masquerade.service.kiosk.counts import DayCounts
from masquerade.service.kiosk.feed import feed
from masquerade.service.kiosk.pages import LANGUAGES, Page, pages
from masquerade.service.kiosk.session import AGAIN_LATER, Sees, Session
from masquerade.service.routes.session import renew_session
from masquerade.service.service import Service, service_of

if TYPE_CHECKING:
    from masquerade.live.alerts import Episodes
    from masquerade.live.watching import Snapshot

router = APIRouter(tags=["kiosk"])


def make_observer(episodes: Episodes | None = None) -> Sees:
    """Give an observer that knows the time of day; ``episodes`` tells it of alerts."""
    from masquerade.live.watching import Observer  # noqa: PLC0415

    return Observer(episodes=episodes, clock=lambda: datetime.now().astimezone())


@dataclass(slots=True)
class Kiosk:
    """What the page's routes share.

    Attributes:
        config: languages and limits.
        observer: makes the observer of a session.
        day: counts of the day.
        sessions: browsers that send frames now.
    """

    config: KioskConfig = field(default_factory=KioskConfig.from_settings)
    observer: Callable[[], Sees] = make_observer
    day: DayCounts = field(default_factory=DayCounts)
    sessions: int = 0


class KioskSetup(Answer):
    """What the page goes by."""

    camera: Literal["browser", "server"] = Field(description="Whose camera is watched.")
    known: list[str] = Field(description="Languages that the page has words in.")
    languages: list[str] = Field(
        description="Languages to show, in turns where there are several; empty: the browser's."
    )
    turn: float = Field(description="Seconds of each turn.")
    counts: bool = Field(description="Whether counts may be shown.")
    events: bool = Field(description="Whether events of the server's camera are written to a file, without pictures.")
    alerts: bool = Field(description="Whether alerts are sent to somebody, without pictures.")
    side: int = Field(description="Longer side of a frame in pixels.")
    fps: float = Field(description="Most frames a second.")
    max_bytes: int = Field(description="Largest frame.")


class KioskCounts(Answer):
    """People of today over all cameras of this service, each once, by the wearing that was decided last."""

    day: str = Field(description="The service's local date.")
    entered: int
    with_mask: int
    without_mask: int
    incorrect: int
    undecided: int
    alerts: int


def mount_kiosk(app: FastAPI, kiosk: Kiosk | None = None) -> Kiosk:
    """Add the page to an app whose ``state.service`` is a ``Service``.

    Args:
        app: of ``create_app``.
        kiosk: by default what the settings say, and the observer of the package.

    Returns:
        What the routes share, also as ``app.state.kiosk``.

    Raises:
        SettingsInvalid: the setting ``kiosk_languages`` names a language that is not known.
    """
    service: Service = app.state.service
    kiosk = kiosk or Kiosk(observer=lambda: make_observer(service.alerting.episodes()))
    app.state.kiosk = kiosk
    if service.camera is not None:
        service.camera.add(kiosk.day.follow())
    app.include_router(router)
    return kiosk


def kiosk_of(connection: HTTPConnection) -> Kiosk:
    """Give the kiosk that a request came to."""
    kiosk: Kiosk = connection.app.state.kiosk
    return kiosk


@router.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
async def page(request: Request) -> Response:
    """Give the page; it shows nothing before it has been told the setup, for which a key may be needed."""
    return _file(request, pages()["index.html"])


@router.api_route("/static/kiosk/{path:path}", methods=["GET", "HEAD"], include_in_schema=False)
async def static(request: Request, path: str) -> Response:
    """Give a file of the page.

    Raises:
        RouteUnknown: there is none of that name.
    """
    found = pages().get(path)
    if found is None:
        raise RouteUnknown(f"the page has no file {path[:100]!r}")
    return _file(request, found)


def _file(request: Request, found: Page) -> Response:
    held = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    if found.tag in held:
        return Response(status_code=304, headers=found.headers)
    return Response(found.body, media_type=found.kind, headers=found.headers)


@router.get("/v1/kiosk/config", response_model=KioskSetup, summary="What the kiosk page goes by", responses=GUARDED)
async def setup(request: Request, _caller: Annotated[Caller, Security(needs_watch)]) -> JSONResponse:
    """Tell whose camera is watched, what is kept and sent, the languages, and the limits of frames."""
    config, service = kiosk_of(request).config, service_of(request)
    answer = JSONResponse(
        {
            "camera": "browser" if service.camera is None else "server",
            "known": list(LANGUAGES),
            "languages": list(config.languages),
            "events": service.config.events is not None,
            "alerts": service.alerting.tells,
            **{name: getattr(config, name) for name in ("turn", "counts", "side", "fps", "max_bytes")},
        }
    )
    renew_session(request, answer)  # so that a page that stays open keeps its cookie
    return answer


@router.get(
    "/v1/kiosk/counts", response_model=KioskCounts, summary="Counts of the day", responses=GUARDED | problems(404)
)
async def counts(request: Request, _caller: Annotated[Caller, Security(needs_watch)]) -> JSONResponse:
    """Tell how many people came today and how they wore their masks; 404 where counts are not to be shown.

    Raises:
        RouteUnknown: the setting ``kiosk_counts`` is off.
    """
    kiosk = kiosk_of(request)
    if not kiosk.config.counts:
        raise RouteUnknown("counts are not shown here", hint="the setting kiosk_counts is off")
    return JSONResponse(kiosk.day.to_dict())


@router.get("/v1/kiosk/camera", include_in_schema=False)
async def camera(request: Request, caller: Annotated[Caller, Security(needs_watch)]) -> Response:
    """Send server-sent events of the server's camera; no picture is among them. They end when the key is removed.

    Raises:
        RouteUnknown: the service watches no camera.
        Busy: too many look on.
    """
    service = service_of(request)
    if service.camera is None:
        raise RouteUnknown("this service watches no camera", hint="masquerade serve --camera SOURCE")
    if service.hub.full:
        raise Busy("too many pages look on", hint="come again later", retry_after=10)
    kiosk = kiosk_of(request)

    def state() -> dict[str, Any]:
        service.access.confirm(caller)
        return {**_day(kiosk), "camera": _state(service)}

    return StreamingResponse(feed(service.hub, state), media_type="text/event-stream")


@router.websocket("/v1/kiosk/session")
async def session(websocket: WebSocket, caller: Annotated[Caller, Security(needs_watch)]) -> None:
    """Take frames of a browser's camera, one JPEG a message, and answer each with a snapshot."""
    kiosk, service = kiosk_of(websocket), service_of(websocket)

    async def run(job: Callable[[], Snapshot]) -> Snapshot:
        service.check_ready()
        return await service.limiter.run(job, deadline=kiosk.config.deadline)

    await websocket.accept()
    if kiosk.sessions >= kiosk.config.sessions:
        await websocket.close(AGAIN_LATER, "sessions_full")
        return
    kiosk.sessions += 1
    try:
        with service.alerting.browser(caller.name, kiosk.observer) as observer:
            await Session(
                kiosk.config,
                observer,
                decode=service.decoders.read,
                run=run,
                following=kiosk.day.follow(),
                extra=lambda: _day(kiosk),
            ).serve(websocket)
    finally:
        kiosk.sessions -= 1


def _day(kiosk: Kiosk) -> dict[str, Any]:
    return {"day": kiosk.day.to_dict()} if kiosk.config.counts else {}


def _state(service: Service) -> dict[str, Any]:
    told = service.camera.to_dict() if service.camera is not None else {}
    return {name: told.get(name, "") for name in ("state", "reason")}
