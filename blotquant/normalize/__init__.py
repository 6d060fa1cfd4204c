"""Densities made comparable between lanes: by a loading control, and to reference lanes."""

from blotquant.normalize.divisors import Divisor, Normalizer, Pairing, no_normalization
from blotquant.normalize.loading import loading_control
from blotquant.normalize.strips import LaneReading, Strip, read_strips
from blotquant.normalize.tables import Normalized, normalize_tables

__all__ = [
    "Divisor",
    "LaneReading",
    "Normalized",
    "Normalizer",
    "Pairing",
    "Strip",
    "loading_control",
    "no_normalization",
    "normalize_tables",
    "read_strips",
]
