"""Report 2's comparison of backbones, run again: its tables from one command, with losses beside each other."""

from masquerade.evaluation.ablation.cells import Ablation, Cell, open_ablation
from masquerade.evaluation.ablation.results import Run, read_run
from masquerade.evaluation.ablation.writing import write_results

__all__ = ["Ablation", "Cell", "Run", "open_ablation", "read_run", "write_results"]
