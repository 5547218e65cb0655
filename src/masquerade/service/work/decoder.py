"""Decoding in processes that can be killed: a hostile file costs its time-out, never the service."""

from __future__ import annotations

import json
import multiprocessing
import queue
from collections.abc import Iterator
from multiprocessing.connection import Connection

import numpy as np

from masquerade.errors import ExtraMissing, ImageDamaged, ImageError, ImageTooSlow, MasqueradeError, WorkerLost
from masquerade.image import Limits, Pixels
from masquerade.service.work.decoding import serve


def _kinds(kind: type[MasqueradeError]) -> Iterator[type[MasqueradeError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _kinds(below)


ERRORS = {kind.code: kind for family in (ImageError, ExtraMissing) for kind in _kinds(family)}


class Decoders:
    """Some processes that decode pictures; safe to use from several threads."""

    def __init__(self, count: int, limits: Limits, timeout: float) -> None:
        """Take the number of processes, the largest picture, and the seconds that one may take."""
        self._count, self._limits, self._timeout = count, limits, timeout
        self._free: queue.LifoQueue[_Child | None] = queue.LifoQueue()
        for _ in range(count):
            self._free.put(None)  # started when it is needed
        self._closed = False

    def start(self) -> None:
        """Start all processes now, rather than with the first pictures."""
        taken = [self._free.get() for _ in range(self._count)]
        for child in taken:
            self._free.put(child or self._new())

    def read(self, data: bytes) -> Pixels:
        """Decode a picture to upright RGB.

        Args:
            data: bytes of the file.

        Returns:
            (height, width, 3) uint8.

        Raises:
            ImageError: one of its kinds, as in ``read_image``; ``ImageTooSlow`` when it was stopped.
                ExtraMissing: HEIC, and pillow-heif is not installed.
            WorkerLost: no process could be started.
        """
        child = self._free.get()
        try:
            child = child or self._new()
            pixels = child.read(data, self._timeout)
        except _Lost as lost:
            child = None
            raise lost.reason from None
        finally:
            self._free.put(child)
            if self._closed:
                self.close()
        return pixels

    def _new(self) -> _Child:
        return _Child(self._limits, self._timeout)

    def close(self) -> None:
        """End all processes; one that is at work ends with its picture."""
        self._closed = True
        for _ in range(self._count):
            try:
                child = self._free.get_nowait()
            except queue.Empty:
                return
            if child is not None:
                child.end()


class _Lost(Exception):
    """The process is gone; the reason is for whoever gave the picture."""

    def __init__(self, reason: ImageError) -> None:
        super().__init__(str(reason))
        self.reason = reason


class _Child:
    """One process."""

    def __init__(self, limits: Limits, timeout: float) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe: Connection
        self._pipe, theirs = context.Pipe()
        arguments = (theirs, limits.max_bytes, limits.max_pixels, timeout)
        self._process = context.Process(target=serve, args=arguments, daemon=True, name="decoder")
        self._process.start()
        theirs.close()  # so that the pipe ends when the process does
        try:
            self._pipe.recv_bytes()  # it is there: its start does not count as decoding
        except (EOFError, OSError) as error:
            self.end()
            raise WorkerLost("a decoder could not be started", hint="give the service more memory") from error

    def read(self, data: bytes, timeout: float) -> Pixels:
        try:
            self._pipe.send_bytes(data)
            if not self._pipe.poll(timeout):
                self.end()
                raise _Lost(
                    ImageTooSlow(f"decoding took over {timeout:g} s, and was stopped", hint="export the photo again")
                )
            answer = json.loads(self._pipe.recv_bytes())
            if "error" in answer:
                raise ERRORS[answer["error"]](answer["message"], hint=answer["hint"])
            pixels = np.empty((answer["height"], answer["width"], 3), np.uint8)
            self._pipe.recv_bytes_into(pixels.data.cast("B"))
        except (EOFError, OSError):
            self.end()
            raise _Lost(ImageDamaged("the decoder broke off", hint="export the photo again")) from None
        return pixels

    def end(self) -> None:
        self._process.kill()
        self._process.join(5)
        self._pipe.close()
