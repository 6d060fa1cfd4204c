"""How the figures look: compared with pictures that were looked at.

After a change that is meant, look at the new ones and keep them:

    pytest tests/figures/test_looks.py --mpl-generate-path=tests/figures/baseline
"""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from blotquant.figures import (
    FigureOptions,
    WholeBlot,
    control_figure,
    forest_figure,
    grid_figure,
    panel_figure,
    target_figure,
    uncropped_figures,
)

# Letters are drawn a little differently by each release; what a moved bar or strip does is more.
looks = pytest.mark.mpl_image_compare(
    baseline_dir="baseline", style="default", tolerance=6, savefig_kwargs={"dpi": 60}
)
pytestmark = pytest.mark.skipif(
    mpl.__version_info__[:2] < (3, 11), reason="the pictures were drawn with matplotlib 3.11"
)
GROUPS = ["Control"] * 3 + ["Treated"] * 3


def study(make, targets, **more):
    tables = make.tables(make.values(["Control", "Treated"], targets), "Control", **more)
    strips = [make.strip(GROUPS, target) for target in targets]
    return tables, [*strips, make.strip(GROUPS, "b-actin", mw_kda=42.0, amounts=[0.9] * 6)]


@looks
def test_panel_prism(make):
    tables, strips = study(make, ["P53", "PTEN", "NF-kB p65 (Ser536)", "ERK1/2"])
    return panel_figure(tables, strips)


@looks
def test_panel_nature(make):
    tables, strips = study(make, ["P53", "PTEN", "Raf-1"])
    return panel_figure(tables, strips, FigureOptions(style="nature", exact_p=True))


@looks
def test_target_minimal(make):
    tables, strips = study(make, ["P53"])
    return target_figure(tables, "P53", strips, FigureOptions(style="minimal"))


@looks
def test_target_with_splice_table_and_excluded_lane(make):
    groups = ["vehicle"] * 2 + ["doxycycline 1 µM"] * 2 + ["dox + rapamycin"] * 2
    tables = make.tables(make.values(list(dict.fromkeys(groups)), ["P53"], n=4), "vehicle")
    conditions = {
        "Doxycycline": ("-", "-", "+", "+", "+", "+"),
        "Rapamycin (nM)": ("-", "-", "-", "-", "100", "100"),
    }
    strip = make.strip(
        groups, conditions=conditions, count=7, lanes=[1, 2, 3, 5, 6, 7], excluded=frozenset({"l2"})
    )
    return target_figure(tables, "P53", [strip])


@looks
def test_grid_of_six_groups_on_a_log_axis(make):
    groups = ["0 h", "1 h", "2 h", "4 h", "8 h", "24 h"]
    tables = make.tables(make.values(groups, ["P53", "PTEN"]), "0 h", pairing="independent")
    return grid_figure(tables, FigureOptions(log_axis=True))


@looks
def test_forest(make):
    tables, _ = study(make, ["P53", "PTEN", "Raf-1"], p={("PTEN", "Treated"): 0.2})
    return forest_figure(tables.statistics)


@looks
def test_controls():
    densities = np.random.default_rng(3).uniform(0.6, 1.4, 12)
    values = pd.DataFrame(
        {
            "membrane": ["M1"] * 6 + ["M2"] * 6,
            "lane": [1, 2, 3, 4, 5, 6] * 2,
            "group": GROUPS * 2,
            "loading_control": "b-actin",
            "control_density": densities,
        }
    )
    controls = pd.DataFrame(
        {
            "membrane": ["M1", "M2", ""],
            "control": "b-actin",
            "cv": [0.2, 0.3, 0.25],
            "group_effect_fold": 1.02,
            "group_p": 0.7,
            "verdict": "usable",
            "reason": "",
        }
    )
    return control_figure(controls, values)


@looks
def test_uncropped(make):
    strip = make.strip(GROUPS, shape=(400, 640), slope=4.0)
    whole = WholeBlot("M1_P53.tif", strip.blot, strip.layout, "M1", "R1", (strip,))
    return uncropped_figures([whole])[0]
