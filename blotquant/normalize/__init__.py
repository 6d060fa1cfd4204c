"""Densities made comparable: between lanes by a loading control, and between membranes."""

from blotquant.normalize.across import Scale, Scaling, scale_membranes
from blotquant.normalize.bounds import Bound
from blotquant.normalize.divisors import Divisor, Normalizer, Pairing, no_normalization
from blotquant.normalize.loading import lane_factor, loading_control, total_protein
from blotquant.normalize.reading import read_strips
from blotquant.normalize.roles import Exclusion, Roles, StripRole
from blotquant.normalize.several import geometric_mean
from blotquant.normalize.strips import LaneReading, Strip
from blotquant.normalize.tables import (
    Normalized,
    NormalizedStrips,
    normalize_strips,
    normalize_tables,
)

__all__ = [
    "Bound",
    "Divisor",
    "Exclusion",
    "LaneReading",
    "Normalized",
    "NormalizedStrips",
    "Normalizer",
    "Pairing",
    "Roles",
    "Scale",
    "Scaling",
    "Strip",
    "StripRole",
    "geometric_mean",
    "lane_factor",
    "loading_control",
    "no_normalization",
    "normalize_strips",
    "normalize_tables",
    "read_strips",
    "scale_membranes",
    "total_protein",
]
