"""A study: its file, its sample sheet, and whether both fit the images."""

from .case import ImageFacts
from .check_cells import check_samples
from .checking import check_study
from .model import Study
from .parts import (
    Comparison,
    Dose,
    Exclusion,
    FigureSettings,
    ImageRole,
    Membrane,
    NormalizationPlan,
    StatisticsPlan,
    StudyImage,
)
from .problem import Problem
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
    "Membrane",
    "NormalizationPlan",
    "Problem",
    "StatisticsPlan",
    "Study",
    "StudyImage",
    "check_samples",
    "check_study",
    "read_samples",
    "write_samples",
]
