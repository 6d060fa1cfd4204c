"""A study: its file, its sample sheet, and whether both fit the images."""

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

__all__ = [
    "Comparison",
    "Dose",
    "Exclusion",
    "FigureSettings",
    "ImageRole",
    "Membrane",
    "NormalizationPlan",
    "StatisticsPlan",
    "Study",
    "StudyImage",
]
