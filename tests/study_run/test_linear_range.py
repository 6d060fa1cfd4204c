"""A study with dilution series: bands outside the linear range of target and control."""

import numpy as np
import pandas as pd
import pytest

import blotquant as bq
from blotquant.errors import StudyError
from blotquant.linearity import fit_linearity
from blotquant.pipeline.linear_range import (
    LinearRange,
    flagged_out_of_range,
    linear_ranges,
    linearity_told,
)
from blotquant.pipeline.study import open_study
from blotquant.simulate import BlotSpec, render, save

LOADS = np.array([1.0, 2, 4, 8, 16, 32])


def ranged(target, response, loads=None):
    judged = fit_linearity(LOADS, response(LOADS), [1.0] * LOADS.size)
    return LinearRange(target, f"{target}.tif", judged, loads or judged.load_range)


def table(*rows):
    columns = ["target", "flags", "net_density", "lane_kind"]
    return pd.DataFrame(list(rows), columns=columns)


def test_bands_outside_are_flagged_and_counted_and_others_are_left_alone():
    one = ranged("P53", lambda x: 1e3 * x, (2.0, 16.0))
    assert one.densities == pytest.approx((2e3, 16e3))
    bands = table(
        ("p53", "", 5e3, "sample"),
        ("P53", "EIGHT_BIT", 20e3, "sample"),
        ("P53", "", 1e3, "sample"),
        ("P53", "BELOW_DETECTION", 1e1, "sample"),
        ("P53", "", 20e3, "ladder"),
        ("PTEN", "", 20e3, "sample"),
    )
    flagged = flagged_out_of_range(bands, [one])
    off = flagged["flags"].str.contains("OUT_OF_LINEAR_RANGE")
    assert off.tolist() == [False, True, True, False, False, False]
    assert flagged["flags"][1] == "EIGHT_BIT;OUT_OF_LINEAR_RANGE"
    assert not bands["flags"].str.contains("OUT_OF").any()
    (said,) = linearity_told(bands.drop(index=4), bands, [one])
    assert "loads from 2 to 16" in said
    assert "2 of 3 bands lie outside" in said


def test_a_target_that_is_linear_nowhere_has_all_its_bands_flagged():
    flat = ranged("P53", lambda x: 1e4 + 0 * x)
    bands = table(("P53", "", 1e4, "sample"))
    assert flagged_out_of_range(bands, [flat])["flags"][0] == "OUT_OF_LINEAR_RANGE"
    assert "linear nowhere" in linearity_told(bands, bands, [flat])[0]


def with_series(folder, top):
    """Series of the target (in proportion over all loads) and of the control (bends off)."""
    for name, volumes in (
        ("P53", tuple(top * x / 32 for x in LOADS)),
        ("actin", tuple(2.4e7 * x / (x + 60) for x in LOADS)),
    ):
        spec = BlotSpec(shape=(150, 480), lanes=6, lane_width=40, rows=(0.5,), volumes=(volumes,))
        save(render(spec, 3), folder, f"series_{name}")
    lines = [f"{lane},{load:g}\n" for lane, load in enumerate(LOADS, 1)]
    (folder / "loads.csv").write_text("lane,load\n" + "".join(lines), encoding="utf-8")
    blocks = "".join(
        f'\n[[linearity]]\ntarget = "{target}"\nfile = "series_{name}.tif"\nloads = "loads.csv"\n'
        for target, name in (("P53", "P53"), ("b-actin", "actin"))
    )
    file = folder / "study.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text + blocks, encoding="utf-8")


def test_a_study_judges_its_bands_by_the_common_range_of_target_and_control(study):
    with_series(study, top=2.4e7)
    result = bq.analyze_study(study)
    first, second = result.linearity
    assert "P53 is linear together with its loading control" in first
    assert second.startswith("b-actin is linear at loads")
    assert "of 12 bands" in second
    target, _ = linear_ranges(open_study(study)[0], study)
    # the target itself is in proportion up to 32; the control bends off before
    assert target.linearity.load_range[1] == pytest.approx(32)
    assert target.loads[1] < 32
    bands = result.bands[result.bands["target"] == "P53"]
    outside = bands["flags"].str.contains("OUT_OF_LINEAR_RANGE")
    seen = ~bands["flags"].str.contains("BELOW_DETECTION")
    assert (outside == (seen & ~bands["net_density"].between(*target.densities))).all()
    assert 0 < outside.sum() < seen.sum()
    ratios = result.normalized[result.normalized["target"] == "P53"]
    assert ratios["flags"].str.contains("OUT_OF_LINEAR_RANGE").any()


def test_a_series_that_is_not_there_is_one_line(study):
    file = study / "study.toml"
    block = '\n[[linearity]]\ntarget = "P53"\nfile = "none.tif"\nloads = "loads.csv"\n'
    file.write_text(file.read_text(encoding="utf-8") + block, encoding="utf-8")
    parsed, _ = open_study(study)
    assert parsed.linearity[0].target == "P53"
    with pytest.raises(StudyError, match=r"there is no file 'none\.tif'") as told:
        linear_ranges(parsed, study)
    assert "\n" not in str(told.value)
