"""The columns of the output tables: name, unit, meaning, and what other programs call them.

This is the contract with other people's scripts: columns are only ever appended. The data
dictionary in the docs and in results.xlsx is written from here.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = ["BAND_COLUMNS", "LANE_COLUMNS", "NORMALIZED_COLUMNS", "SCHEMA_VERSION", "Column"]

SCHEMA_VERSION = 1


class Column(NamedTuple):
    """One column of a table."""

    name: str
    kind: Literal["text", "integer", "number", "boolean"]
    unit: str
    meaning: str
    also_called: str = ""


BAND_COLUMNS: tuple[Column, ...] = (
    Column(
        "image", "text", "", "Path of the image below the run's root (POSIX), with #page/channel."
    ),
    Column("channel", "text", "", "Channel or page of the image; empty when it has one."),
    Column("panel", "integer", "", "Membrane or gel within the image, from 1."),
    Column("membrane", "text", "", "Membrane, from the file name or the study file."),
    Column(
        "target", "text", "", "Protein the image (or row) shows, from the file name or study file."
    ),
    Column("lane", "integer", "", "Lane within the image, from 1, left to right."),
    Column("lane_label", "text", "", "Label the user gave to the lane."),
    Column(
        "lane_kind", "text", "", "sample, ladder, reference, standard, empty, negative or positive."
    ),
    Column("sample", "text", "", "Sample in the lane (study file)."),
    Column("group", "text", "", "Group of the sample (study file)."),
    Column("replicate", "text", "", "Biological replicate (study file)."),
    Column("band", "integer", "", "Band within the lane, from 1, from the well down."),
    Column(
        "row", "integer", "", "Row of bands within the panel, from 1: one protein across the lanes."
    ),
    Column("center_row", "number", "px", "Row of the band's centre in the stored file.", "Y"),
    Column("center_col", "number", "px", "Column of the band's centre in the stored file.", "X"),
    Column("height", "number", "px", "Length of the band's box along the lane."),
    Column("width", "number", "px", "Width of the band's box across the lane."),
    Column("rf", "number", "0-1", "Relative front: how far the band ran along its lane.", "Rf"),
    Column("mw_kda", "number", "kDa", "Molecular weight, where a ladder gives it.", "MW"),
    Column("area", "number", "px", "Pixels summed, edge pixels in proportion.", "Area"),
    Column(
        "integrated_density",
        "number",
        "a.u. x px",
        "Sum of the signal over the box, background included.",
        "ImageJ RawIntDen; Image Lab Volume (Int)",
    ),
    Column("background", "number", "a.u. x px", "Sum of the baseline over the box."),
    Column(
        "net_density",
        "number",
        "a.u. x px",
        "integrated_density - background: the band itself.",
        "Image Lab Adj. Volume; LI-COR Signal; ImageJ Gel Analyzer Area x lane width",
    ),
    Column(
        "net_density_err",
        "number",
        "a.u. x px",
        "Standard error of net_density: noise and baseline.",
    ),
    Column(
        "peak_height", "number", "a.u.", "Highest point of the mean profile above the baseline."
    ),
    Column("snr", "number", "", "net_density over its standard error if no band were there."),
    Column("saturated_fraction", "number", "0-1", "Share of the band's pixels at the ceiling."),
    Column(
        "relative_density", "number", "", "net_density over the reference lanes' geometric mean."
    ),
    Column(
        "normalized_density",
        "number",
        "",
        "net_density over the loading control's, in the same lane.",
    ),
    Column(
        "normalized_density_measurement_se",
        "number",
        "",
        "Standard error of normalized_density from measuring alone, not from biology.",
    ),
    Column("flags", "text", "", "What to look at twice; names joined by ';'."),
    Column("background_method", "text", "", "Name of the background method."),
    Column("layout_source", "text", "", "auto, hand or carried: who drew this lane and band."),
    Column(
        "detection_limit",
        "number",
        "a.u. x px",
        "Smallest net_density that would have been detected.",
    ),
    Column("quantification", "text", "", "sum (of pixels) or fit (of overlapping bands)."),
    Column(
        "net_density_fit", "number", "a.u. x px", "Net density by a model fit, where one was made."
    ),
    Column("method_spread", "number", "a.u. x px", "Spread of net_density between sound methods."),
    Column("exposure_s", "number", "s", "Exposure time, where the file gives it."),
    Column("technical", "text", "", "Technical repeat (study file)."),
)

LANE_COLUMNS: tuple[Column, ...] = (
    Column("image", "text", "", "As in bands."),
    Column("channel", "text", "", "As in bands."),
    Column("panel", "integer", "", "As in bands."),
    Column("lane", "integer", "", "As in bands."),
    Column("lane_label", "text", "", "As in bands."),
    Column("lane_kind", "text", "", "As in bands."),
    Column(
        "center_col_top",
        "number",
        "px",
        "Column of the lane's centre at its top, oriented picture.",
    ),
    Column("center_col_bottom", "number", "px", "Column of the lane's centre at its bottom."),
    Column("width", "number", "px", "Width of the lane."),
    Column(
        "total_density",
        "number",
        "a.u. x px",
        "Sum of the signal over the lane above its baseline.",
    ),
    Column("n_bands", "integer", "", "Bands detected in the lane."),
    Column("flags", "text", "", "Flags of the lane."),
    Column("confidence", "number", "0-1", "Confidence in the lane; 1 if set by hand."),
    Column("path", "text", "", "Centre line as JSON: [[row, col], ...] of the oriented picture."),
    Column("total_density_err", "number", "a.u. x px", "Standard error of total_density."),
)

NORMALIZED_COLUMNS: tuple[Column, ...] = (
    Column("membrane", "text", "", "As in bands."),
    Column("target", "text", "", "As in bands."),
    Column("lane", "integer", "", "As in bands."),
    Column("lane_label", "text", "", "As in bands."),
    Column("sample", "text", "", "As in bands."),
    Column("group", "text", "", "As in bands."),
    Column("replicate", "text", "", "As in bands."),
    Column("row", "integer", "", "Row of the target's image that was taken for the target."),
    Column("loading_control", "text", "", "Name of the loading control."),
    Column("net_density", "number", "a.u. x px", "Net density of the target's band."),
    Column("net_density_err", "number", "a.u. x px", "Its standard error."),
    Column("control_density", "number", "a.u. x px", "Net density of the loading control's band."),
    Column("control_density_err", "number", "a.u. x px", "Its standard error."),
    Column("normalized_density", "number", "", "net_density / control_density."),
    Column(
        "normalized_density_measurement_se",
        "number",
        "",
        "Standard error of normalized_density from measuring alone.",
    ),
    Column(
        "relative_density",
        "number",
        "",
        "normalized_density over the geometric mean of the reference lanes of its membrane.",
    ),
    Column("flags", "text", "", "Flags of target and control together."),
    Column("image", "text", "", "Image of the target."),
    Column("control_image", "text", "", "Image of the loading control."),
)
