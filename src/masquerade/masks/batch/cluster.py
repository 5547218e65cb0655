"""The same work as tasks of a Ray cluster: photos are sent there, and their files come back, to be written here."""

from __future__ import annotations

import logging
import os
import socket
from collections import deque
from collections.abc import Generator
from typing import Any

from masquerade.errors import ExtraMissing, MasqueradeError, WorkerLost
from masquerade.masks.batch.answer import ENVIRONMENT, Answer, answer, lost, unwrap
from masquerade.masks.batch.photo import mask_photo, read_photo
from masquerade.masks.batch.types import Done, Recipe, Task, failure

AHEAD = 2
"""Photos that are under way for each processor of the cluster."""
KNOCK_SECONDS = 10
"""How long a cluster may take to answer at all."""


class RayCluster:
    """Masks photos on a Ray cluster, whose nodes have this package installed in the same version."""

    def __init__(self, workers: int, address: str | None = None) -> None:
        """Take the cluster.

        Args:
            workers: processors to use, when Ray is started on this machine.
            address: of a cluster; None starts Ray on this machine for the time of the job.

        Raises:
            ExtraMissing: Ray is not installed.
        """
        try:
            import ray  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise ExtraMissing.of("the engine ray needs Ray", "ray") from error
        self._ray: Any = ray
        self._workers, self._address = workers, address

    def run(self, recipe: Recipe, tasks: list[Task]) -> Generator[Done, None, None]:
        """Yield what came of each photo as it is done; see ``Engine``.

        Raises:
            WorkerLost: the cluster gave up on a photo, or cannot be reached.
            MasqueradeError: no photo can be masked.
        """
        ray = self._ray
        ours = not ray.is_initialized()
        if ours:
            self._connect()
        try:
            ahead = AHEAD * max(1, int(ray.cluster_resources().get("CPU", 1)))
            remote = ray.remote(num_cpus=1, runtime_env={"env_vars": ENVIRONMENT})(_answer)
            shared = ray.put(recipe)
            waiting = deque(tasks)
            under_way: dict[Any, Task] = {}
            while waiting or under_way:
                if waiting and len(under_way) < ahead:
                    task = waiting.popleft()
                    try:
                        under_way[remote.remote(shared, task, read_photo(task))] = task
                    except MasqueradeError as error:
                        yield failure(task.photo, error)
                    continue
                ready, _ = ray.wait(list(under_way), num_returns=1)
                yield self._take(ready[0], under_way.pop(ready[0]))
        finally:
            if ours:
                ray.shutdown()

    def _connect(self) -> None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # else Ray reports its use to its makers
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
        if self._address is None:
            # "local": an address in the environment would lead to another cluster. Heard on this machine alone.
            options.update(address="local", num_cpus=self._workers, include_dashboard=False)
            options.update(_node_ip_address="127.0.0.1")
        else:
            options["address"] = self._address
        try:
            _knock(self._address)
            self._ray.init(**options)
        except (OSError, RuntimeError, ValueError) as error:
            raise WorkerLost(f"Ray cannot be reached or started: {error}", hint="look at --ray-address") from error

    def _take(self, reference: Any, task: Task) -> Done:
        try:
            given: Answer = self._ray.get(reference)
        except self._ray.exceptions.RayError as error:  # the node or its process is gone, and so were its likes
            raise lost(task.photo, str(error).strip().splitlines()[0]) from error
        return unwrap(given, task.photo)


def _knock(address: str | None) -> None:
    """Raise OSError when nobody listens at ``host:port``: Ray itself would try for many minutes."""
    host, _, port = (address or "").removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host, int(port)), timeout=KNOCK_SECONDS).close()


def _answer(recipe: Recipe, task: Task, content: bytes) -> Answer:
    """Runs on the cluster."""
    return answer(lambda: mask_photo(recipe, task, content))
