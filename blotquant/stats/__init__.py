"""Statistics of a study: replicates, folds with their intervals, declared tests, refusals."""

from blotquant.stats.compare import Statistics, compare
from blotquant.stats.design import Comparison, Design, Dose

__all__ = ["Comparison", "Design", "Dose", "Statistics", "compare"]
