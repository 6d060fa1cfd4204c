"""Molecular weight: ladders by name, their bands matched to sizes, and rows read off in kDa."""

from .annotating import LadderReading, MolecularWeights, molecular_weights, row_for_kda, weight_at
from .calibration import METHODS, Calibration, calibrate
from .catalog import Ladder, get_ladder, ladders
from .marks import LadderMark, ladder_marks, marks_of_layout, rows_with_kda
from .matching import LadderMatch, match_ladder

__all__ = [
    "METHODS",
    "Calibration",
    "Ladder",
    "LadderMark",
    "LadderMatch",
    "LadderReading",
    "MolecularWeights",
    "calibrate",
    "get_ladder",
    "ladder_marks",
    "ladders",
    "marks_of_layout",
    "match_ladder",
    "molecular_weights",
    "row_for_kda",
    "rows_with_kda",
    "weight_at",
]
