"""What holds for any study: scales do not matter, swapped groups invert, adjusting only raises."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blotquant.stats import Design, compare
from blotquant.stats.estimates import Estimate, ratio_paired, welch
from blotquant.stats.finding import stars
from blotquant.stats.linear import fit_cells
from blotquant.stats.multiplicity import (
    dunnett_p,
    holm_sidak,
    sidak,
    sidak_level,
    tukey_critical,
    tukey_p,
)
from blotquant.stats.power import detectable_fold, replicates_needed

few = settings(max_examples=8, deadline=None)
seeds = st.integers(0, 10_000)


def study(seed, n=4, groups=("control", "treated"), one_membrane=False):
    """Values of two targets with an effect, drawn."""
    rng = np.random.default_rng(seed)
    rows = [
        {
            "membrane": "M1" if one_membrane else f"M{place}",
            "target": target,
            "group": group,
            "replicate": str(place),
            "scaled_density": float(2 ** rng.normal(number, 0.5)),
        }
        for target in ("A", "B")
        for number, group in enumerate(groups)
        for place in range(n)
    ]
    return pd.DataFrame(rows)


DESIGNS = [
    ({"pairing": "paired"}, False),
    ({"pairing": "independent"}, True),
    ({"pairing": "independent"}, False),
    ({"pairing": "paired", "test": "prism_two_way", "correction": "sidak"}, False),
    ({"pairing": "paired", "test": "mixed_model"}, False),
    ({"pairing": "independent", "test": "mann_whitney"}, True),
]
NUMBERS = ["fold_change", "ci_low", "ci_high", "sim_ci_low", "sim_ci_high", "p", "p_adjusted"]


def contrasts(values, reference="control", **choices):
    frame = compare(values, Design(reference, **choices)).statistics
    return frame[frame["effect"] == ""].reset_index(drop=True)


@pytest.mark.parametrize(("choices", "one_membrane"), DESIGNS)
@few
@given(seed=seeds, scale=st.floats(1e-6, 1e6))
def test_the_unit_does_not_matter(choices, one_membrane, seed, scale):
    values = study(seed, one_membrane=one_membrane)
    scaled = values.assign(scaled_density=values["scaled_density"] * scale)
    one, other = contrasts(values, **choices), contrasts(scaled, **choices)
    pd.testing.assert_frame_equal(one[NUMBERS], other[NUMBERS], rtol=1e-5)
    assert list(one["verdict"]) == list(other["verdict"])


@few
@given(seed=seeds, data=st.data())
def test_the_scale_of_a_membrane_does_not_matter(seed, data):
    """Paired, or with membranes as blocks."""
    values = study(seed)
    scales = {f"M{place}": data.draw(st.floats(0.01, 100)) for place in range(4)}
    scaled = values.assign(scaled_density=values["scaled_density"] * values["membrane"].map(scales))
    for pairing in ("paired", "independent"):
        one, other = (contrasts(frame, pairing=pairing) for frame in (values, scaled))
        pd.testing.assert_frame_equal(one[NUMBERS], other[NUMBERS], rtol=1e-6)


@pytest.mark.parametrize(("choices", "one_membrane"), DESIGNS)
@few
@given(seed=seeds)
def test_swapped_groups_invert_the_fold(choices, one_membrane, seed):
    values = study(seed, one_membrane=one_membrane)
    one = contrasts(values, **choices)
    other = contrasts(values, reference="treated", **choices)
    assert 1 / one["fold_change"].to_numpy() == pytest.approx(other["fold_change"], rel=1e-6)
    assert one["p"].to_numpy() == pytest.approx(other["p"], rel=1e-5)
    assert 1 / one["ci_low"].to_numpy() == pytest.approx(other["ci_high"], rel=1e-5, nan_ok=True)
    assert one["detectable_fold"].to_numpy() == pytest.approx(
        other["detectable_fold"], rel=1e-5, nan_ok=True
    )


@few
@given(seed=seeds)
def test_the_order_of_the_lanes_does_not_matter(seed):
    values = study(seed, groups=("control", "low", "high"))
    shuffled = values.sample(frac=1, random_state=seed)
    columns = ["target", "group"]
    one, other = (
        contrasts(frame, pairing="paired").sort_values(columns).reset_index(drop=True)
        for frame in (values, shuffled)
    )
    pd.testing.assert_frame_equal(one[columns + NUMBERS], other[columns + NUMBERS], rtol=1e-9)


@few
@given(seed=seeds)
def test_interval_and_p_agree(seed):
    rows = contrasts(study(seed), pairing="paired")
    outside = (rows["ci_low"] > 1) | (rows["ci_high"] < 1)
    assert list(outside) == list(rows["p"] < 0.05)
    assert (rows["sim_ci_low"] <= rows["ci_low"]).all()
    assert (rows["sim_ci_high"] >= rows["ci_high"]).all()


p_values = st.lists(st.floats(1e-12, 1), min_size=1, max_size=12)


@given(p_values)
def test_holm_sidak_is_monotone_and_between(p):
    adjusted = holm_sidak(p)
    order = np.argsort(p)
    assert (np.diff(adjusted[order]) >= 0).all()
    assert (adjusted >= np.array(p) * (1 - 1e-12)).all()
    assert (adjusted <= sidak(p, len(p)) + 1e-15).all()
    assert adjusted[order[0]] == pytest.approx(sidak(min(p), len(p)))


@given(p_values, st.randoms())
def test_holm_sidak_does_not_know_the_order(p, random):
    places = list(range(len(p)))
    random.shuffle(places)
    assert holm_sidak(np.array(p)[places]) == pytest.approx(holm_sidak(p)[places])


def test_holm_sidak_by_hand():
    got = holm_sidak([0.01, 0.04, 0.03])
    assert got == pytest.approx([1 - 0.99**3, 1 - 0.97**2, 1 - 0.97**2])
    assert holm_sidak([0.01, np.nan, 0.04])[[0, 2]] == pytest.approx([1 - 0.99**2, 0.04])
    many = np.array([[0.01, 0.04, 0.03], [0.5, 0.001, 0.2]])
    assert holm_sidak(many) == pytest.approx(np.array([holm_sidak(row) for row in many]))


def test_sidak_levels_meet():
    level = sidak_level(0.95, 8)
    assert sidak(1 - level, 8) == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("p", "mark"),
    [
        (0.05, "ns"),
        (0.0499, "*"),
        (0.01, "*"),
        (0.00999, "**"),
        (0.001, "**"),
        (0.0001, "***"),
        (0.00009, "****"),
        (float("nan"), ""),
    ],
)
def test_stars_are_prisms(p, mark):
    assert stars(p) == mark


def test_many_studies_at_once_are_each():
    rng = np.random.default_rng(3)
    one, other = rng.normal(size=(2, 7, 3, 5))
    for test in (ratio_paired, welch):
        together = test(one, other)
        alone = test(one[4, 2], other[4, 2])
        assert together.p.shape == (7, 3)
        assert together.p[4, 2] == pytest.approx(alone.p)
        assert together.df[4, 2] == pytest.approx(alone.df)


def test_dunnett_of_one_group_is_the_t_test():
    assert dunnett_p([2.2], [[1.0]], 9)[0] == pytest.approx(Estimate(2.2, 1.0, 9).p)


def test_dunnett_lies_between_p_and_bonferroni():
    correlation = np.full((3, 3), 0.5) + 0.5 * np.eye(3)
    t = np.array([0.1, 3.0, 25.0])
    alone = Estimate(t, 1.0, 8).p
    adjusted = dunnett_p(t, correlation, 8)
    assert (adjusted >= alone).all()
    assert (adjusted <= np.minimum(3 * alone, 1)).all()


def test_tukeys_critical_value_meets_its_p():
    assert tukey_p([tukey_critical(0.95, 4, 11)], 4, 11)[0] == pytest.approx(0.05, rel=1e-6)


@few
@given(se=st.floats(0.01, 2), df=st.floats(1, 60), smaller=st.floats(0.05, 0.95))
def test_less_scatter_shows_smaller_folds(se, df, smaller):
    wide, narrow = Estimate(1.0, se, df), Estimate(1.0, se * smaller, df)
    assert detectable_fold(narrow) < detectable_fold(wide)
    fewer, more = (replicates_needed(one, 4) for one in (narrow, wide))
    assert not fewer > more


def test_blocks_of_a_paired_design_are_the_paired_test():
    rng = np.random.default_rng(5)
    one, other = rng.normal(size=(2, 6))
    names = [str(place) for place in range(6)]
    fit = fit_cells([*one, *other], ["a"] * 6 + ["b"] * 6, names * 2)
    estimate, paired = fit.estimate(fit.difference("a", "b")), ratio_paired(one, other)
    assert estimate.p == pytest.approx(paired.p)
    assert estimate.df == paired.df
