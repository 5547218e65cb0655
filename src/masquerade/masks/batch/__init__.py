"""Masks at the scale of data sets: folders of photos, worker processes, resumable, replayable."""

from masquerade.masks.batch.job import Job, Summary, new_job, run_job
from masquerade.masks.batch.manifest import Header, read_entries, read_header
from masquerade.masks.batch.pool import Here, Pool
from masquerade.masks.batch.replay import replay_job
from masquerade.masks.batch.types import Done, Engine, Recipe, Task

__all__ = [
    "Done",
    "Engine",
    "Header",
    "Here",
    "Job",
    "Pool",
    "Recipe",
    "Summary",
    "Task",
    "new_job",
    "read_entries",
    "read_header",
    "replay_job",
    "run_job",
]
