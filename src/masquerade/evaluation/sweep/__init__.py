"""Report 1's study as a sweep: every model at every learning rate, and its tables 1.1 to 2.3 from one command."""

from masquerade.evaluation.sweep.cells import Cell, Sweep, open_sweep
from masquerade.evaluation.sweep.results import Run, is_finished, read_run
from masquerade.evaluation.sweep.running import Outcome, run_cells
from masquerade.evaluation.sweep.writing import write_results

__all__ = [
    "Cell",
    "Outcome",
    "Run",
    "Sweep",
    "is_finished",
    "open_sweep",
    "read_run",
    "run_cells",
    "write_results",
]
