"""Molecular weight: ladders by name, their bands matched to sizes, and rows read off in kDa."""

from .annotating import LadderReading, MolecularWeights, molecular_weights, row_for_kda
from .calibration import METHODS, Calibration, calibrate
from .catalog import Ladder, get_ladder, ladders
from .matching import LadderMatch, match_ladder

__all__ = [
    "METHODS",
    "Calibration",
    "Ladder",
    "LadderMatch",
    "LadderReading",
    "MolecularWeights",
    "calibrate",
    "get_ladder",
    "ladders",
    "match_ladder",
    "molecular_weights",
    "row_for_kda",
]
