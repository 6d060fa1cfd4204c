"""A dilution series drawn: densities, the models, the linear range, LOD and LOQ."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from blotquant.figures.styles import Style, drawing, style_named
from blotquant.linearity import Linearity

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["linearity_figure"]

_MM = 1 / 25.4
_WORDS = {"proportional": "line through 0", "line": "line", "hyperbola": "hyperbola"}
_DASHES = {"proportional": "-", "line": "--", "hyperbola": "-."}


def linearity_figure(
    series: Linearity,
    *,
    title: str = "",
    unit: str = "",
    style: str = "minimal",
    width: float = 85.0,
) -> Figure:
    """Density against load, with the range in which one follows the other in proportion.

    Parameters
    ----------
    series : Linearity
    title : str
        What was measured.
    unit : str
        Of the load, e.g. ``"µg"``.
    style : str
        As for the other figures.
    width : float
        mm.

    Returns
    -------
    Figure
        Filled marks were used, open ones not; the linear range is shaded; the best model is drawn
        heavier than the other two.
    """
    from matplotlib.figure import Figure

    look = style_named(style)
    with drawing():
        figure = Figure(figsize=(width * _MM, 0.8 * width * _MM), layout="constrained")
        axes = figure.add_subplot()
        _draw_models(axes, series, look)
        _draw_values(axes, series)
        _draw_limits(axes, series, look)
        axes.set_xlabel(f"Load ({unit})" if unit else "Load", fontsize=look.text)
        axes.set_ylabel("Net density (a.u. × px)", fontsize=look.text)
        axes.set_title(title, fontsize=look.title)
        axes.tick_params(labelsize=look.small)
        axes.spines[["top", "right"]].set_visible(False)
        if _by_factors(series):
            _logarithmic(axes, series)
        axes.legend(fontsize=look.small, frameon=False, loc="best")
    return figure


def _by_factors(series: Linearity) -> bool:
    """Whether both axes can be logarithmic, as loads that are diluted by a factor want it."""
    positive = (series.load > 0) & (series.density > 0)
    return bool(positive.all()) and float(series.load.max() / series.load.min()) > 6


def _logarithmic(axes: Axes, series: Linearity) -> None:
    """Logarithmic axes, with the loads themselves as ticks."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    for axis, scale in ((axes.xaxis, axes.set_xscale), (axes.yaxis, axes.set_yscale)):
        scale("log")
        axis.set_minor_formatter(NullFormatter())
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xticks(np.unique(series.load))
    axes.minorticks_off()


def _draw_models(axes: Axes, series: Linearity, look: Style) -> None:
    lowest = float(series.load.min()) * 0.8
    highest = float(series.load.max()) * 1.05
    load = np.linspace(lowest, highest, 200)
    if _by_factors(series):
        load = np.geomspace(lowest, highest, 200)
    for index, model in enumerate(series.models, 1):
        chosen = model.name == series.best
        criterion = f"{model.aicc:.1f}" if math.isfinite(model.aicc) else "–"
        density = model.at(load)
        axes.plot(
            load,
            np.where(density > 0, density, np.nan) if _by_factors(series) else density,
            _DASHES[model.name],
            color=look.colour(index),
            linewidth=1.6 if chosen else 0.7,
            label=f"{_WORDS[model.name]} (AICc {criterion})",
        )


def _draw_values(axes: Axes, series: Linearity) -> None:
    for used, fill in ((True, "black"), (False, "none")):
        here = series.used == used
        if here.any():
            axes.plot(
                series.load[here],
                series.density[here],
                "o",
                markersize=3.5,
                markerfacecolor=fill,
                markeredgecolor="black",
                label=None if used else "left out",
            )


def _draw_limits(axes: Axes, series: Linearity, look: Style) -> None:
    if series.load_range is not None:
        low, high = series.load_range
        axes.axvspan(low, high, color="#000000", alpha=0.06, linewidth=0, label="linear range")
    for value, name in ((series.lod, "LOD"), (series.loq, "LOQ")):
        if math.isfinite(value):
            axes.axvline(value, color="#777777", linewidth=0.6, linestyle=":")
            axes.annotate(
                name,
                (value, 0.02),
                xycoords=("data", "axes fraction"),
                rotation=90,
                fontsize=look.small,
                color="#777777",
                ha="right",
                va="bottom",
            )
