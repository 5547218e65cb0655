"""Decoding in processes that can be killed: a hostile file costs its time-out, never the service."""

from __future__ import annotations

import json
import multiprocessing
import queue
import threading
from collections.abc import Iterator
from multiprocessing.connection import Connection
from multiprocessing.util import Finalize

import numpy as np

from masquerade.errors import ExtraMissing, ImageDamaged, ImageError, ImageTooSlow, MasqueradeError, WorkerLost
from masquerade.image import Limits, Pixels
from masquerade.service.work.decoding import NUMBER, receive_pixels, serve


def _kinds(kind: type[MasqueradeError]) -> Iterator[type[MasqueradeError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _kinds(below)


EXPORT = "export the photo again"
START = 120.0
"""Seconds that a process may take to begin; a busy machine takes its time."""
MOST_SAID = 64 * 1024
"""Bytes that an answer may take beside its pixels."""
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

    def begin(self) -> None:
        """Start all processes now, rather than with the first pictures, and do not wait for what they load.

        Raises:
            WorkerLost: one could not be started.
        """
        taken = [self._free.get() for _ in range(self._count)]
        try:
            for place, child in enumerate(taken):
                taken[place] = child or self._new()
        finally:
            for child in taken:
                self._free.put(child)

    def start(self) -> None:
        """Start all processes, and wait until they are there.

        Raises:
            WorkerLost: one could not be started.
        """
        self.begin()
        taken = [self._free.get() for _ in range(self._count)]
        try:
            for child in taken:
                if child is not None:
                    child.wait()
        finally:
            for child in taken:
                self._free.put(child)

    def read(self, data: bytes) -> Pixels:
        """Decode a picture to upright RGB.

        Args:
            data: bytes of the file.

        Returns:
            (height, width, 3) uint8.

        Raises:
            ImageError: one of its kinds, as in ``read_image``; ``ImageTooSlow`` when it was stopped.
            ExtraMissing: HEIC, and pillow-heif is not installed.
            WorkerLost: no process could be started, or there was no memory for the pixels.
        """
        child = self._free.get()
        try:
            child = child or self._new()
            child.wait()
            answer = child.read(data, self._timeout)
        except BaseException:  # what is left in its pipe must never be taken for the answer to the next picture
            if child is not None:
                child.end()
            child = None
            raise
        finally:
            self._free.put(child)
            if self._closed:
                self.close()
        if isinstance(answer, MasqueradeError):
            raise answer
        return answer

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


class _Child:
    """One process."""

    def __init__(self, limits: Limits, timeout: float) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe: Connection
        self._pipe, theirs = context.Pipe()
        self._number = 0  # of the latest picture; its answer has the same
        self._most = limits.max_pixels
        arguments = (theirs, limits.max_bytes, limits.max_pixels, timeout)
        self._process = context.Process(target=serve, args=arguments, daemon=True, name="decoder")
        try:
            self._process.start()
        except OSError as error:
            raise WorkerLost(
                f"a decoder could not be started: {error.strerror}", hint="give the service more memory"
            ) from error
        Finalize(self, self._process.kill, exitpriority=10)  # multiprocessing itself would send SIGTERM, and wait
        theirs.close()  # so that the pipe ends when the process does
        self._there = False

    def wait(self) -> None:
        """Wait until the process is there: its start does not count as decoding.

        Raises:
            WorkerLost: it could not be started.
        """
        if self._there:
            return
        try:
            self._there = self._pipe.poll(START) and bool(self._pipe.recv_bytes())
        except (EOFError, OSError):
            self._there = False
        if not self._there:
            raise WorkerLost("a decoder could not be started", hint="give the service more memory")

    def read(self, data: bytes, timeout: float) -> Pixels | MasqueradeError:
        """Give the pixels, or what is wrong with the picture. After any error that is raised the process is of no use.

        Raises:
            ImageTooSlow, ImageDamaged: it was stopped, or broke off.
            WorkerLost: there was no memory for the pixels.
        """
        late = threading.Event()
        watch = threading.Timer(timeout, self._stop, (late,))  # a pipe that nobody reads would block for ever
        watch.daemon = True
        watch.start()
        try:
            answer = self._ask(data)
        except (EOFError, OSError, ValueError, LookupError, TypeError):
            if not late.is_set():
                raise ImageDamaged("the decoder broke off", hint=EXPORT) from None
        except MemoryError:
            raise WorkerLost("there is no memory for this picture", hint="give the service more memory") from None
        finally:
            watch.cancel()
            watch.join()
        if late.is_set():
            raise ImageTooSlow(f"decoding took over {timeout:g} s, and was stopped", hint=EXPORT)
        return answer

    def _ask(self, data: bytes) -> Pixels | MasqueradeError:
        self._number += 1
        self._pipe.send_bytes(NUMBER.pack(self._number))
        self._pipe.send_bytes(data)
        answer = json.loads(self._pipe.recv_bytes(MOST_SAID))
        if answer["number"] != self._number:
            raise ValueError("the answer to another picture")
        if "error" in answer:
            return ERRORS[answer["error"]](answer["message"], hint=answer["hint"])
        height, width = answer["height"], answer["width"]
        if not 0 < height * width <= self._most:
            raise ValueError("a picture of another size than may be")
        pixels = np.empty((height, width, 3), np.uint8)
        receive_pixels(self._pipe, pixels.data.cast("B"))
        return pixels

    def _stop(self, late: threading.Event) -> None:
        late.set()
        self._process.kill()

    def end(self) -> None:
        """Kill the process and close its pipe."""
        self._process.kill()
        self._process.join(5)
        self._pipe.close()
