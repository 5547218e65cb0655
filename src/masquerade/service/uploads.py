"""Photos out of the bodies of requests: raw or multipart, in memory alone, no more at once than there is room for."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import python_multipart  # noqa: F401 - else starlette finds it missing with the first form
from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from masquerade.errors import Busy, MediaUnsupported, RequestInvalid

RAW = "image/..., application/octet-stream"
MULTIPART = "multipart/form-data"


@dataclass(frozen=True, slots=True)
class Upload:
    """One photo as it came.

    Attributes:
        name: the file's name as the client calls it; empty where it does not.
        data: its bytes.
    """

    name: str
    data: bytes = field(repr=False)


class Room:
    """Bytes of bodies that may be held at once, given out in the order in which they are asked for."""

    def __init__(self, size: int) -> None:
        """Take the number of bytes."""
        self._free = self._size = size
        self._line: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def held(self) -> int:
        """Bytes that are given out."""
        return self._size - self._free

    @asynccontextmanager
    async def hold(self, count: int, within: float) -> AsyncIterator[None]:
        """Hold so many bytes; wait until they are there.

        Raises:
            Busy: they did not become free within so many seconds.
        """
        count = min(count, self._size)
        if self._line or count > self._free:
            await self._wait(count, within)
        else:
            self._free -= count
        try:
            yield
        finally:
            self._free += count
            self._call_up()

    async def _wait(self, count: int, within: float) -> None:
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append((count, place))
        try:
            async with asyncio.timeout(within):
                await place
        except (TimeoutError, asyncio.CancelledError) as error:
            if place.done() and not place.cancelled():
                self._free += count
            self._call_up()
            if isinstance(error, TimeoutError):
                raise Busy("too many photos are held", hint="come again later", retry_after=within) from None
            raise

    def _call_up(self) -> None:
        while self._line:
            count, place = self._line[0]
            if not place.done():
                if count > self._free:
                    return
                self._free -= count
                place.set_result(None)
            self._line.popleft()


class _InMemory(MultiPartParser):
    """Starlette's parser, which above this size would write to a file."""

    spool_max_size = 2**40


async def one_photo(request: Request) -> Upload:
    """Read the photo of a request: its raw body, or the part ``photo`` of a form.

    Raises:
        MediaUnsupported: a body of another kind.
        RequestInvalid: a form of other parts.
        BodyTooLarge, BodyTooSlow: passed on from the body.
    """
    kind = media_type(request)
    if kind == MULTIPART:
        return (await _parts(request, "photo", 1))[0]
    if kind.startswith("image/") or kind == "application/octet-stream":
        return Upload("", await request.body())
    raise MediaUnsupported(f"Content-Type {kind[:100]!r}, expected {RAW} or {MULTIPART} with a part named photo")


async def many_photos(request: Request, most: int) -> list[Upload]:
    """Read the parts ``photos`` of a form, in their order; errors as in ``one_photo``."""
    kind = media_type(request)
    if kind != MULTIPART:
        raise MediaUnsupported(f"Content-Type {kind[:100]!r}, expected {MULTIPART} with parts named photos")
    return await _parts(request, "photos", most)


def media_type(request: Request) -> str:
    """Give the kind of a request's body by its header, in small letters and without parameters; may be empty."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _parts(request: Request, name: str, most: int) -> list[Upload]:
    parser = _InMemory(request.headers, request.stream(), max_files=most, max_fields=0, max_part_size=1)
    try:
        form = await parser.parse()
    except MultiPartException as error:
        problem = error.message
        if "fields" in problem or "Part exceeded" in problem:
            problem = "a part that is no file"
        elif "files" in problem:
            problem = f"more than {most} {'photo' if most == 1 else 'photos'}"
        raise RequestInvalid(f"the form is not as expected: {problem}", hint=f"send files named {name}") from error
    except (UnicodeDecodeError, LookupError, ValueError) as error:
        raise RequestInvalid(f"the form is damaged: {error}", hint=f"send files named {name}") from error
    try:
        return [await _upload(part, file, name) for part, file in form.multi_items()] or _none(name)
    finally:
        await form.close()


async def _upload(part: str, file: UploadFile | str, name: str) -> Upload:
    if not isinstance(file, UploadFile) or part != name:
        raise RequestInvalid(f"a part named {part[:100]!r}, expected only files named {name}")
    sayable = (file.filename or "").encode("utf-8", "replace").decode("utf-8")
    return Upload(sayable[:255], await file.read())


def _none(name: str) -> list[Upload]:
    raise RequestInvalid(f"the form has no file named {name}")


@asynccontextmanager
async def while_there(request: Request) -> AsyncIterator[None]:
    """Cancel what is done inside as soon as the client has gone away; its body must have been read.

    Raises:
        ClientDisconnect: it has.
    """
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - inside a coroutine there is one
    gone = False

    async def watch() -> None:
        nonlocal gone
        while (await request.receive())["type"] != "http.disconnect":
            pass
        gone = True
        task.cancel()

    watcher = asyncio.create_task(watch())
    try:
        yield
    except asyncio.CancelledError:
        if gone and task.uncancel() == 0:
            raise ClientDisconnect from None
        raise
    finally:
        watcher.cancel()
