"""Worker processes and a cluster: the same bytes as one after the other; what happens when a worker ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from masquerade.errors import ExtraMissing, MasqueradeError, ModelUnknown, PlanInvalid, WorkerLost
from masquerade.image import Limits
from masquerade.masks.batch import Done, Pool, Recipe, Task, new_job, run_job
from masquerade.masks.batch import pool as pool_module
from masquerade.masks.batch.answer import ENVIRONMENT, answer, environment, unwrap
from masquerade.masks.batch.cluster import RayCluster
from masquerade.masks.batch.naming import JOURNAL
from masquerade.masks.batch.types import Names
from tests.masks.batch.made import contents, lines, recipe, run

SERVE = pool_module._serve


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_the_number_of_workers_does_not_show(shots: Path, done: Path, tmp_path: Path, workers: int) -> None:
    run(shots, tmp_path / "out", Pool(workers), pairs=True)
    assert contents(tmp_path / "out") == contents(done)


def dying(pipe: object, wanted: Recipe) -> None:
    """A worker that is killed over its second photo."""
    taken = 0

    def mask_file(recipe: Recipe, task: Task) -> Done:
        nonlocal taken
        taken += 1
        if taken == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return Done(task.photo)

    vars(pool_module)["mask_file"] = mask_file
    pool_module._serve(pipe, wanted)  # type: ignore[arg-type]


def leaving(pipe: object, wanted: Recipe) -> None:
    """A worker that ends at once."""
    os._exit(3)


def failing(pipe: object, wanted: Recipe) -> None:
    """A worker with a fault."""

    def mask_file(recipe: Recipe, task: Task) -> Done:
        raise ZeroDivisionError("over the nose")

    vars(pool_module)["mask_file"] = mask_file
    pool_module._serve(pipe, wanted)  # type: ignore[arg-type]


def modelless(pipe: object, wanted: Recipe) -> None:
    """A worker that finds no model."""

    def mask_file(recipe: Recipe, task: Task) -> Done:
        raise ModelUnknown("no model", hint="install it")

    vars(pool_module)["mask_file"] = mask_file
    pool_module._serve(pipe, wanted)  # type: ignore[arg-type]


ENDS: list[tuple[Callable[[object, Recipe], None], type[MasqueradeError], str, int]] = [
    # photos are given in order: the second is the first worker's last
    (dying, WorkerLost, r"the worker that masked b\.v2 \(1\)\.JPEG ended: signal 9", 1),
    (leaving, WorkerLost, r"the worker that masked a\.jpg ended: exit code 3", 0),
    (failing, WorkerLost, r"a\.jpg: ZeroDivisionError: over the nose", 0),
    (modelless, ModelUnknown, "no model", 0),
]


@pytest.mark.parametrize(("serve", "kind", "message", "noted"), ENDS)
def test_a_worker_that_ends_is_told_with_its_photo(
    shots: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    serve: Callable[[object, Recipe], None],
    kind: type[MasqueradeError],
    message: str,
    noted: int,
) -> None:
    monkeypatch.setattr(pool_module, "_serve", serve)
    with pytest.raises(kind, match=message):
        run(shots, tmp_path / "out", Pool(1))
    assert len(lines(tmp_path / "out" / JOURNAL)) == 1 + noted


def test_leaving_early_ends_the_workers(shots: Path, tmp_path: Path) -> None:
    job = new_job(shots, tmp_path / "out", recipe())
    with closing(Pool(2).run(job.header.recipe, list(job.tasks.values()))) as results:
        next(results)
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    if children.exists():
        named = [Path(f"/proc/{child}/cmdline").read_text() for child in children.read_text().split()]
        assert not any("spawn_main" in name for name in named)


def huge(pipe: Connection, wanted: Recipe) -> None:
    """A worker whose answers fill the pipe, as photos do."""
    pool_module.mask_file = lambda _, task: Done(task.photo, {"x": bytes(2**22)})  # type: ignore[assignment, attr-defined]
    SERVE(pipe, wanted)


def test_large_tasks_and_large_answers_do_not_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "_serve", huge)
    plan = {"masks": [], "skipped": "y" * 2**22}
    limits = Limits.from_settings()
    tasks = [Task(str(n), Path("x"), Names("i", "m", "o", "l"), limits, plan) for n in range(4)]
    assert sorted(done.photo for done in Pool(1).run(recipe(), tasks)) == ["0", "1", "2", "3"]


def test_nothing_to_do_starts_nobody(shots: Path) -> None:
    assert list(Pool(2).run(recipe(), [])) == []


def test_no_workers() -> None:
    with pytest.raises(PlanInvalid, match="workers: expected at least 1, got 0"):
        Pool(0)


def test_the_environment_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASQUERADE_THREADS", "2")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    before = dict(os.environ)
    with environment():
        assert {name: os.environ[name] for name in ENVIRONMENT} == ENVIRONMENT
    assert dict(os.environ) == before


def test_answers_are_results_errors_or_tales() -> None:
    done = Done("a.jpg")
    assert unwrap(answer(lambda: done), "a.jpg") is done

    def refuse() -> Done:
        raise PlanInvalid("no such kind")

    with pytest.raises(PlanInvalid, match="no such kind"):
        unwrap(answer(refuse), "a.jpg")

    def fail() -> Done:
        raise KeyError("nose")

    with pytest.raises(WorkerLost, match=r"a\.jpg: KeyError: 'nose'"):
        unwrap(answer(fail), "a.jpg")


def test_ray_is_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ExtraMissing, match=r"pip install -e '\.\[ray\]'"):
        RayCluster(2)


RAY = """
import sys
from pathlib import Path
from masquerade.masks.batch.cluster import RayCluster
from tests.masks.batch.made import run
summary = run(Path(sys.argv[1]), Path(sys.argv[2]), RayCluster(2), pairs=True)
assert (summary.photos, summary.masked) == (8, 6), summary
"""


def test_a_local_ray_of_two_workers(shots: Path, done: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="needs the [ray] extra")
    words = [sys.executable, "-c", RAY, str(shots), str(tmp_path / "out")]
    ended = subprocess.run(words, capture_output=True, check=False, timeout=300, text=True)  # its warnings are its own
    assert ended.returncode == 0, ended.stderr
    assert contents(tmp_path / "out") == contents(done)


def test_a_cluster_that_is_not_there(shots: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="needs the [ray] extra")
    with pytest.raises(WorkerLost, match="Ray cannot be reached"):
        run_job(new_job(shots, tmp_path / "out", recipe()), RayCluster(2, "127.0.0.1:1"))
