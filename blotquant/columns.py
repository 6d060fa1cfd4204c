"""The columns of the output tables: name, unit, meaning, and what other programs call them.

This is the contract with other people's scripts: columns are only ever appended. The data
dictionary in the docs and in results.xlsx is written from here.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = [
    "BAND_COLUMNS",
    "CONTROL_COLUMNS",
    "DOSES_COLUMNS",
    "FITNESS_COLUMNS",
    "INTEGRITY_COLUMNS",
    "LANE_COLUMNS",
    "LINEARITY_COLUMNS",
    "NORMALIZED_COLUMNS",
    "REPLICATES_COLUMNS",
    "SCHEMA_VERSION",
    "STATISTICS_COLUMNS",
    "SUMMARY_COLUMNS",
    "Column",
]

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
        "The band itself: integrated_density - background, or net_density_fit: see quantification.",
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
    Column(
        "snr",
        "number",
        "",
        "net_density over its standard error if no band were there; for a fitted band that holds "
        "how well the fit tells it from its neighbours.",
    ),
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
    Column(
        "method_spread",
        "number",
        "a.u. x px",
        "Standard deviation of net_density between sound background methods.",
    ),
    Column("exposure_s", "number", "s", "Exposure time, where the file gives it."),
    Column("technical", "text", "", "Technical repeat (study file)."),
    Column("net_density_fit_err", "number", "a.u. x px", "Standard error of net_density_fit."),
    Column(
        "fit_unexplained",
        "number",
        "0-1",
        "Root mean square of what the fit leaves, over its highest point.",
    ),
    Column(
        "net_density_unclipped",
        "number",
        "a.u. x px",
        "Estimate for a saturated band, by a fit of its unclipped flanks; not a measurement.",
    ),
    Column(
        "net_density_unclipped_err",
        "number",
        "a.u. x px",
        "Standard error of net_density_unclipped.",
    ),
    Column("mw_kda_err", "number", "kDa", "Standard error of mw_kda, by the ladder's own scatter."),
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
    Column(
        "layout_confidence",
        "number",
        "0-1",
        "Confidence in the lanes of the panel as a whole: 1 less 2.5 times the share of them whose "
        "confidence is below 0.5, no less than 0.",
    ),
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
    Column(
        "loading_control",
        "text",
        "",
        "What the target was divided by: loading control, total protein, or its own total.",
    ),
    Column("net_density", "number", "a.u. x px", "Net density of the target's band."),
    Column("net_density_err", "number", "a.u. x px", "Its standard error."),
    Column(
        "control_density",
        "number",
        "a.u. x px",
        "Divisor: net density of the loading control's band, a mean of several, or a lane factor.",
    ),
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
    Column("technical", "text", "", "As in bands."),
    Column("lane_kind", "text", "", "As in bands."),
    Column("use", "boolean", "", "False where the study leaves the lane out."),
    Column("role", "text", "", "target, loading_control or total_protein."),
    Column(
        "scaled_density",
        "number",
        "",
        "normalized_density brought on one scale across membranes; the same where there is none.",
    ),
    Column(
        "scaled_density_limit",
        "number",
        "",
        "Upper bound of scaled_density where the target is below detection.",
    ),
    Column("method", "text", "", "Name of the normalizer."),
    Column(
        "bounds",
        "text",
        "",
        "What scaled_density is for the true value: lower bound, upper bound, either way or empty.",
    ),
)

CONTROL_COLUMNS: tuple[Column, ...] = (
    Column("membrane", "text", "", "Membrane; empty for all membranes together."),
    Column("control", "text", "", "Name of the loading control."),
    Column("n_lanes", "integer", "", "Sample lanes that the study uses."),
    Column(
        "cv",
        "number",
        "",
        "Standard deviation over mean of the control's net density, within membranes.",
    ),
    Column(
        "group_effect_fold",
        "number",
        "",
        "Highest over lowest group, as ratio of geometric means within membranes.",
    ),
    Column("group_p", "number", "", "F test of the groups on log2, membranes as blocks."),
    Column("saturated_lanes", "integer", "", "Lanes in which the control is saturated."),
    Column(
        "below_detection_lanes", "integer", "", "Lanes in which the control is below detection."
    ),
    Column(
        "agreement_r",
        "number",
        "",
        "Correlation of log2 densities with the other control, within membranes.",
    ),
    Column("agreement_with", "text", "", "The other control; total protein where there is one."),
    Column("verdict", "text", "", "sound, look or doubtful."),
    Column("reason", "text", "", "Why, in one line."),
)

REPLICATES_COLUMNS: tuple[Column, ...] = (
    Column("target", "text", "", "As in bands."),
    Column("group", "text", "", "As in bands; of two factors, their levels joined by ', '."),
    Column("replicate", "text", "", "Biological replicate: the unit of the statistics."),
    Column("membranes", "text", "", "Membranes its lanes are on, joined by ';'."),
    Column("n_technical", "integer", "", "Lanes averaged: technical repeats are not n."),
    Column("value", "number", "", "Geometric mean of scaled_density over the lanes."),
    Column("log2_value", "number", "log2", "Logarithm of value, which is what is tested."),
    Column("below_detection", "boolean", "", "Whether a lane is below detection, 0 or negative."),
    Column("limit", "number", "", "Upper bound of value where a lane is below detection."),
    Column("flags", "text", "", "Flags of the lanes together."),
    Column("condition", "text", "", "Lanes it is made of: the comparison's `where`."),
)

SUMMARY_COLUMNS: tuple[Column, ...] = (
    Column("target", "text", "", "As in bands."),
    Column("group", "text", "", "As in the replicates' table."),
    Column("n", "integer", "", "Biological replicates."),
    Column("mean", "number", "", "Arithmetic mean of the replicates' values."),
    Column("sd", "number", "", "Their standard deviation (n - 1)."),
    Column("geometric_mean", "number", "", "Geometric mean of the replicates' values."),
    Column("gm_ci_low", "number", "", "Lower limit of its 95 % confidence interval (t, log2)."),
    Column("gm_ci_high", "number", "", "Upper limit."),
    Column("log2_sd", "number", "log2", "Standard deviation of log2_value (n - 1)."),
    Column("flags", "text", "", "Flags of the replicates together."),
    Column("condition", "text", "", "As in the replicates' table."),
)

STATISTICS_COLUMNS: tuple[Column, ...] = (
    Column("comparison", "text", "", "Name of the comparison (study file)."),
    Column("target", "text", "", "As in bands; empty for a test over all targets."),
    Column("group", "text", "", "Group compared; empty for a test of a whole effect."),
    Column("reference", "text", "", "Group it is compared with."),
    Column("test", "text", "", "Name of the test."),
    Column("pairing", "text", "", "paired, independent or unknown, as declared."),
    Column("n_group", "integer", "", "Biological replicates of the group."),
    Column("n_reference", "integer", "", "Biological replicates of the reference."),
    Column("n_pairs", "integer", "", "Complete pairs; 0 where nothing is paired."),
    Column("fold_change", "number", "", "Ratio of the geometric means, group / reference."),
    Column("ci_low", "number", "", "Lower limit of its 95 % confidence interval, unadjusted."),
    Column("ci_high", "number", "", "Upper limit, unadjusted."),
    Column(
        "sim_ci_low",
        "number",
        "",
        "Lower limit of its simultaneous 95 % interval (Sidak; Tukey or Dunnett where named).",
    ),
    Column("sim_ci_high", "number", "", "Upper limit of the simultaneous interval."),
    Column("statistic_name", "text", "", "t, F, U, W, H or z."),
    Column("statistic", "number", "", "Value of the test statistic."),
    Column("df", "number", "", "Degrees of freedom."),
    Column("df2", "number", "", "Second (residual) degrees of freedom of an F."),
    Column("p", "number", "", "Two-sided p value, exact and unadjusted."),
    Column("p_adjusted", "number", "", "p value adjusted for the family of tests."),
    Column("correction", "text", "", "How it was adjusted."),
    Column("family_size", "integer", "", "Tests in the family."),
    Column("stars", "text", "", "Of p_adjusted, as Prism gives them: ns, *, **, ***, ****."),
    Column("effect_size_name", "text", "", "Name of the effect size."),
    Column("effect_size", "number", "", "Effect size in standard deviations, or of ranks."),
    Column(
        "detectable_fold",
        "number",
        "",
        "Smallest fold this n and scatter show with 80 % power, one test.",
    ),
    Column("n_needed", "number", "", "Replicates a group that show the fold seen, 80 % power."),
    Column("verdict", "text", "", "tested, descriptive, refused or bound."),
    Column("reason", "text", "", "Why, in one line."),
    Column("flags", "text", "", "Flags of the replicates compared."),
    Column("effect", "text", "", "Effect that an F or H tests; empty for a comparison."),
    Column("sd_log2", "number", "log2", "Residual standard deviation of the target."),
    Column("fold_bound", "number", "", "Bound of the fold where a value is below detection."),
    Column("bound_side", "text", "", "at most or at least: which bound fold_bound is."),
    Column("condition", "text", "", "As in the replicates' table."),
)

DOSES_COLUMNS: tuple[Column, ...] = (
    Column("target", "text", "", "As in bands."),
    Column("column", "text", "", "Column of the sample sheet with the dose."),
    Column("condition", "text", "", "As in the replicates' table."),
    Column("n_doses", "integer", "", "Different doses, 0 among them."),
    Column("n_replicates", "integer", "", "Biological replicates."),
    Column("n_values", "integer", "", "Values fitted."),
    Column("ec50", "number", "as the dose", "Dose of the half effect; empty if not reached."),
    Column("ec50_ci_low", "number", "as the dose", "Lower limit of its 95 % profile interval."),
    Column("ec50_ci_high", "number", "as the dose", "Upper limit."),
    Column("hill", "number", "", "Hill slope, above 0."),
    Column("start", "number", "", "Response without dose."),
    Column("end", "number", "", "Response at infinite dose."),
    Column("residual_sd_log2", "number", "log2", "Residual standard deviation of the fit."),
    Column("p_flat", "number", "", "p value against a response that does not change."),
    Column("verdict", "text", "", "fitted, not reached, no response, or refused."),
    Column("reason", "text", "", "Why, in one line."),
    Column("flags", "text", "", "Flags of the values fitted."),
)

LINEARITY_COLUMNS: tuple[Column, ...] = (
    Column("image", "text", "", "As in bands."),
    Column("row", "integer", "", "As in bands."),
    Column("mw_kda", "number", "kDa", "Median molecular weight of the row."),
    Column("n_values", "integer", "", "Bands used: detected and not saturated."),
    Column("best_model", "text", "", "proportional, line or hyperbola: what AICc prefers."),
    Column("aicc_proportional", "number", "", "AICc of the line through 0."),
    Column("aicc_line", "number", "", "AICc of the line with an intercept."),
    Column("aicc_hyperbola", "number", "", "AICc of the hyperbola through 0."),
    Column("slope", "number", "a.u. x px per load", "Slope of the line through 0."),
    Column("intercept", "number", "a.u. x px", "Intercept of the line."),
    Column("intercept_se", "number", "a.u. x px", "Its standard error."),
    Column("r_squared", "number", "", "Share of the variance that the best model explains."),
    Column("load_low", "number", "as the loads", "Lowest load of the linear range."),
    Column("load_high", "number", "as the loads", "Highest load of the linear range."),
    Column("density_low", "number", "a.u. x px", "Net density at load_low."),
    Column("density_high", "number", "a.u. x px", "Net density at load_high."),
    Column("lod", "number", "as the loads", "Limit of detection: 3.3 SD of no band over slope."),
    Column("loq", "number", "as the loads", "Limit of quantification: 10 SD over slope."),
    Column("reason", "text", "", "What limits the range, in one line."),
)

FITNESS_COLUMNS: tuple[Column, ...] = (
    Column("image", "text", "", "As in bands."),
    Column("check", "text", "", "What was looked for."),
    Column("flag", "text", "", "Flag that the image's bands carry for it."),
    Column(
        "grade",
        "text",
        "",
        "unfit: no longer proportional to the signal, or nobody can tell; poor: within limits.",
    ),
    Column("seen", "text", "", "What was seen."),
    Column("effect", "text", "", "What it does to the numbers."),
    Column("instead", "text", "", "What to export or do instead."),
)

INTEGRITY_COLUMNS: tuple[Column, ...] = (
    Column("image", "text", "", "As in bands."),
    Column("kind", "text", "", "joined, repeated or same picture."),
    Column("top", "integer", "px", "First row of the place, oriented picture."),
    Column("left", "integer", "px", "Its first column."),
    Column("bottom", "integer", "px", "Row below its last."),
    Column("right", "integer", "px", "Column beyond its last."),
    Column("other_image", "text", "", "Where it is again; may be the same image."),
    Column("other_top", "number", "px", "First row there; empty where there is no other place."),
    Column("other_left", "number", "px", "First column there."),
    Column("other_bottom", "number", "px", "Row below the last there."),
    Column("other_right", "number", "px", "Column beyond the last there."),
    Column("turn", "text", "", "How the other is turned or mirrored."),
    Column("evidence", "text", "", "What was measured."),
    Column("figure", "text", "", "Drawing of it, below the run's folder."),
)
