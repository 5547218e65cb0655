"""How a source is read: time-outs, back-off, limits."""

from __future__ import annotations

from dataclasses import dataclass, fields

from masquerade.errors import SourceInvalid

TRANSPORTS = ("tcp", "udp")


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """Times are in seconds.

    Attributes:
        open_timeout: how long opening may take; then the reader is killed.
        stall_after: an open camera that gave no picture for so long is ``stalled``.
        read_timeout: and for so long ``offline``: its reader is killed, and it is opened anew.
        film_timeout: how long one frame of a film may take before the film is given up.
        flat_after: a camera whose picture was one flat colour for so long is ``stalled``; 0 never.
        frozen_after: a camera whose picture did not change in the least for so long is ``stalled``; 0 never.
        backoff_first: wait before a source that was lost is tried again; doubles with each try.
        backoff_most: the longest such wait.
        backoff_reset: a source that was online for so long starts again at ``backoff_first``.
        probe_every: while waiting, how often it is asked whether the camera's host answers again; 0 never.
        loop: start a film again at its end, its clock going on.
        realtime: play a film as a camera would: at its own pace, the newest frame only.
        existing: give the pictures that already lie in a folder when it is opened.
        stdin_fps: read standard input as a film of so many frames a second, each frame in order; None: as a camera.
        max_pixels: largest picture that is taken, width times height.
        max_bytes: largest picture file of a folder, or picture on standard input, in bytes.
        transport: how RTSP carries pictures, ``tcp`` or ``udp``.
        snapshot_every: an address that gives one JPEG is asked again after so long.
        verify_tls: whether the certificate of an ``https://`` or ``rtsps://`` host must be good.
        ca_file: PEM file of the certificates that are trusted in place of the system's; "" for those.
    """

    open_timeout: float = 8.0
    stall_after: float = 3.0
    read_timeout: float = 4.5
    film_timeout: float = 30.0
    flat_after: float = 4.0
    frozen_after: float = 30.0
    backoff_first: float = 0.5
    backoff_most: float = 30.0
    backoff_reset: float = 10.0
    probe_every: float = 1.0
    loop: bool = False
    realtime: bool = False
    existing: bool = False
    stdin_fps: float | None = None
    max_pixels: int = 50_000_000
    max_bytes: int = 64 * 2**20
    transport: str = "tcp"
    snapshot_every: float = 0.2
    verify_tls: bool = True
    ca_file: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be with SourceInvalid."""
        for name in ("open_timeout", "stall_after", "read_timeout", "film_timeout", "backoff_first", "backoff_reset"):
            if not 0 < getattr(self, name) < float("inf"):
                raise SourceInvalid(f"{name}={getattr(self, name)}; expected seconds above 0")
        for name in ("flat_after", "frozen_after", "probe_every", "snapshot_every"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise SourceInvalid(f"{name}={getattr(self, name)}; expected seconds, 0 or more")
        if self.backoff_most < self.backoff_first:
            raise SourceInvalid(f"backoff_most={self.backoff_most}; expected at least backoff_first")
        if self.read_timeout < self.stall_after:
            raise SourceInvalid(f"read_timeout={self.read_timeout}; expected at least stall_after")
        if self.stdin_fps is not None and not 0 < self.stdin_fps <= 1000:
            raise SourceInvalid(f"stdin_fps={self.stdin_fps}; expected frames a second, above 0 and at most 1000")
        if self.max_pixels < 1 or self.max_bytes < 1:
            raise SourceInvalid(f"max_pixels={self.max_pixels}, max_bytes={self.max_bytes}; expected at least 1")
        if self.transport not in TRANSPORTS:
            raise SourceInvalid(f"transport={self.transport!r}; expected {' or '.join(TRANSPORTS)}")

    @classmethod
    def of(cls, options: SourceOptions | None, changes: dict[str, object]) -> SourceOptions:
        """Take ``options``, or the defaults, with ``changes``.

        Raises:
            SourceInvalid: a change that is none of the fields, or out of range.
        """
        known = {field.name for field in fields(cls)}
        if unknown := sorted(changes.keys() - known):
            raise SourceInvalid(f"no such option: {', '.join(unknown)}", hint=f"there are {', '.join(sorted(known))}")
        given = {} if options is None else {name: getattr(options, name) for name in known}
        return cls(**(given | changes))
