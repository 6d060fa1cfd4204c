"""A study: its file, its sample sheet, and whether both fit the images."""

from .case import ImageFacts
from .changing import column_names, pasted_cells, with_cells, with_lanes, with_row
from .check_cells import check_samples
from .checking import check_study
from .model import Study
from .parts import (
    Comparison,
    Dose,
    Exclusion,
    FigureSettings,
    ImageRole,
    LinearitySeries,
    Membrane,
    NormalizationPlan,
    StatisticsPlan,
    StudyImage,
)
from .problem import Problem
from .proposing import SeenImage, propose_study, what_to_fill_in
from .samples import SAMPLE_COLUMNS
from .sheet import read_samples, write_samples

__all__ = [
    "SAMPLE_COLUMNS",
    "Comparison",
    "Dose",
    "Exclusion",
    "FigureSettings",
    "ImageFacts",
    "ImageRole",
    "LinearitySeries",
    "Membrane",
    "NormalizationPlan",
    "Problem",
    "SeenImage",
    "StatisticsPlan",
    "Study",
    "StudyImage",
    "check_samples",
    "check_study",
    "column_names",
    "pasted_cells",
    "propose_study",
    "read_samples",
    "what_to_fill_in",
    "with_cells",
    "with_lanes",
    "with_row",
    "write_samples",
]
