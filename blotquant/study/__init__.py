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
    "Membrane",
    "NormalizationPlan",
    "Problem",
    "SeenImage",
    "StatisticsPlan",
    "Study",
    "StudyImage",
    "check_samples",
    "check_study",
    "propose_study",
    "read_samples",
    "what_to_fill_in",
    "write_samples",
]
