"""Pictures of results: overlays, profiles and charts of a run; the figures of a study's paper."""

from blotquant.figures.charts import Bar, bar_charts
from blotquant.figures.contact_sheet import contact_sheet
from blotquant.figures.control_plot import control_figure
from blotquant.figures.forest import forest_figure
from blotquant.figures.legend_text import legend_text
from blotquant.figures.overlay import overlay_pixels, overlay_png
from blotquant.figures.page_picture import page_picture
from blotquant.figures.panel import grid_figure, panel_figure, panel_figures, target_figure
from blotquant.figures.png import png_bytes
from blotquant.figures.profiles import ProfilePlot, profile_plots
from blotquant.figures.representative import Representative, representative
from blotquant.figures.saving import figure_bytes, save_figure
from blotquant.figures.source_data import SourceFile, write_source_data
from blotquant.figures.study_input import (
    FigureOptions,
    Probe,
    StudyTables,
    TargetStrip,
    WholeBlot,
)
from blotquant.figures.uncropped import labelled_png, uncropped_figures, uncropped_pdf

__all__ = [
    "Bar",
    "FigureOptions",
    "Probe",
    "ProfilePlot",
    "Representative",
    "SourceFile",
    "StudyTables",
    "TargetStrip",
    "WholeBlot",
    "bar_charts",
    "contact_sheet",
    "control_figure",
    "figure_bytes",
    "forest_figure",
    "grid_figure",
    "labelled_png",
    "legend_text",
    "overlay_pixels",
    "overlay_png",
    "page_picture",
    "panel_figure",
    "panel_figures",
    "png_bytes",
    "profile_plots",
    "representative",
    "save_figure",
    "target_figure",
    "uncropped_figures",
    "uncropped_pdf",
    "write_source_data",
]
