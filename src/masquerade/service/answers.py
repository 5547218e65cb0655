"""The bodies of answers, as OpenAPI tells them. ``docs/look.schema.json`` says the same of a photo."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Angle = Annotated[float, Field(ge=-180, le=180)]


class Answer(BaseModel):
    """Base: nothing beside what is named."""

    model_config = ConfigDict(extra="forbid")


class Pose(Answer):
    """Angles of the head in degrees."""

    yaw: Angle = Field(description="Grows as the face turns towards the right edge of the picture.")
    pitch: Angle = Field(description="Grows as it looks up.")
    roll: Angle = Field(description="Grows as it tilts clockwise.")


class Probabilities(Answer):
    """Of each label; together 1, but for rounding."""

    with_mask: Share
    without_mask: Share
    incorrect: Share


class FaceWearing(Answer):
    """How a mask is worn."""

    label: Literal["with_mask", "without_mask", "incorrect", "undecided"] = Field(
        description="The likeliest; undecided where none is as likely as was asked for."
    )
    probabilities: Probabilities
    visible: list[Literal["nose", "mouth", "chin"]] = Field(description="What shows.")
    kind: Literal["none", "surgical", "respirator", "cloth", "gas", "other"] | None = Field(
        description="What covers the face; null where the model does not say."
    )


class Face(Answer):
    """One face."""

    box: list[float] = Field(
        min_length=4, max_length=4, description="x0, y0, x1, y1 in pixels of the upright photo; may reach beyond it."
    )
    score: Share = Field(description="The detector's.")
    points: list[Annotated[list[float], Field(min_length=2, max_length=2)]] = Field(
        min_length=5,
        max_length=5,
        description="Right eye, left eye, nose tip, right and left mouth corner, x and y in pixels.",
    )
    pose: Pose
    wearing: FaceWearing


class Looked(Answer):
    """What was seen in a photo."""

    width: int = Field(ge=1, description="Of the upright photo, in pixels.")
    height: int = Field(ge=1)
    faces: list[Face] = Field(description="The largest first; empty when no face was found.")
    request_id: str


class ErrorText(Answer):
    """What is wrong."""

    code: str = Field(pattern="^[a-z]+(_[a-z]+)*$", description="Stable name of the kind of error; see docs/errors.md.")
    message: str = Field(min_length=1, description="What is wrong, what was expected, what to do.")


class Problem(Answer):
    """Every answer that is an error."""

    error: ErrorText
    request_id: str


class SeenOf(Answer):
    """What was seen in one photo of several."""

    photo: str = Field(description="The file's name as the client called it; may be empty.")
    width: int = Field(ge=1)
    height: int = Field(ge=1)
    faces: list[Face]


class FailedOf(Answer):
    """Why one photo of several could not be read."""

    photo: str
    error: ErrorText


class LookedAtAll(Answer):
    """One result a photo, in the order in which they came."""

    results: list[SeenOf | FailedOf]
    request_id: str


class Alive(Answer):
    """The process answers."""

    status: Literal["ok"]
    version: str


class CameraState(Answer):
    """State of the server's camera."""

    state: Literal["opening", "online", "stalled", "offline", "ended"]
    reason: str = Field(description="Why, where it is not online.")


class AlertsState(Answer):
    """Whether alerts go out."""

    state: Literal["working", "failing"]
    reason: str = Field(description="Which channel does not work and why, where one does not.")


class Readiness(Answer):
    """Whether photos are taken; with status 503 while they are not."""

    ready: bool
    reason: str = Field(description="What is missing; empty when nothing is.")
    models: list[str] = Field(description="Models that are loaded and checked.")
    camera: CameraState | None = Field(description="Null where the service watches none.")
    alerts: AlertsState | None = Field(description="Null where the service sends none.")


class SessionOpened(Answer):
    """A session of the kiosk page; its cookie came with it."""

    scopes: list[Literal["look", "watch", "metrics"]]
    seconds: int = Field(description="How long it lasts.")


MEANINGS = {
    401: "No key, or one that is not known.",
    403: "The key is not for this, or the request comes from another site.",
    404: "There is nothing here.",
    408: "The body did not arrive in time.",
    413: "The body or the photo is too large.",
    415: "A body, or a picture, of another kind.",
    421: "The request names a host that this service does not answer for.",
    422: "A parameter or the photo cannot be used.",
    429: "Too many requests; see Retry-After.",
    500: "Something went wrong that should not.",
    503: "Too much to do, not ready yet, or being stopped; see Retry-After.",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Give the errors that a route may answer with, for OpenAPI."""
    return {status: {"model": Problem, "description": MEANINGS[status]} for status in statuses}


GUARDED = problems(401, 403, 421, 429, 500)
"""Errors of every route that asks for a key."""
