"""Pictures of results: overlays on the blot, profiles with their baselines, charts."""

from blotquant.figures.charts import Bar, bar_charts
from blotquant.figures.contact_sheet import contact_sheet
from blotquant.figures.overlay import overlay_png
from blotquant.figures.profiles import ProfilePlot, profile_plots

__all__ = ["Bar", "ProfilePlot", "bar_charts", "contact_sheet", "overlay_png", "profile_plots"]
