"""Every test beside R: the script is r/reference.R, its numbers r/reference.csv."""

import math

import numpy as np
import pytest

from blotquant.stats import Comparison, Design, compare
from blotquant.stats.estimates import Estimate
from blotquant.stats.multiplicity import dunnett_p, tukey_p
from blotquant.stats.power import detectable_fold, power_at, replicates_needed
from blotquant.stats.prism import bartlett

TARGETS = ("P53", "PTEN", "ERK", "TERT")
EXACT = 1e-9
DIGITS = 1e-6


def rows(done, **where):
    """Rows of the statistics by their group, or the only one."""
    frame = done.statistics
    for column, value in where.items():
        frame = frame[frame[column] == value]
    return {row["group"]: row for row in frame.to_dict("records") if not row["effect"]}


def effect(done, name, target=""):
    frame = done.statistics
    return frame[(frame["effect"] == name) & (frame["target"] == target)].iloc[0]


def close(got, wanted, rel=EXACT):
    assert got == pytest.approx(wanted, rel=rel, abs=1e-14)


def of_two(values):
    return values[values["group"].isin(["control", "high"])]


def as_independent(values, membrane="M1"):
    """Replicates with names of their own, on one membrane."""
    return values.assign(membrane=membrane, replicate=values["group"] + values["replicate"])


def test_prisms_certified_example(table):
    """Ratio-paired t, GraphPad Prism 8 guide; five digits are given."""
    values = table(control=[4.2, 2.5, 6.5], treated=[8.7, 4.9, 13.1])
    row = compare(values, Design("control", pairing="paired")).statistics.iloc[0]
    assert f"{row['fold_change']:.5f}" == "2.01509"
    assert f"{row['ci_low']:.5f}" == "1.88134"
    assert f"{row['ci_high']:.5f}" == "2.15835"
    assert f"{row['p']:.8f}" == "0.00051859"
    assert row["stars"] == "***"
    assert row["test"] == "ratio-paired t test"


def test_ratio_paired_and_holm_sidak(r_study, r):
    done = compare(of_two(r_study("study")), Design("control", pairing="paired"))
    for target in TARGETS:
        row = rows(done, target=target)["high"]
        names = {"fold": "fold_change", "low": "ci_low", "high": "ci_high", "p": "p"}
        names |= {"sim_low": "sim_ci_low", "sim_high": "sim_ci_high", "p_adjusted": "p_adjusted"}
        for name, column in names.items():
            close(row[column], r["paired", f"{target}.{name}"])
        assert row["family_size"] == len(TARGETS)


def test_welch(r_study, r):
    done = compare(
        as_independent(of_two(r_study("study"))), Design("control", pairing="independent")
    )
    for target in TARGETS:
        row = rows(done, target=target)["high"]
        for name, column in {"t": "statistic", "df": "df", "p": "p", "low": "ci_low"}.items():
            close(row[column], r["welch", f"{target}.{name}"])


def test_mann_whitney(r_study, r):
    design = Design("control", pairing="independent", test="mann_whitney")
    done = compare(as_independent(of_two(r_study("study"))), design)
    for target in TARGETS:
        close(rows(done, target=target)["high"]["p"], r["mann_whitney", f"{target}.p"])


def test_wilcoxon(r_study, r):
    """Twelve pairs, taken from three targets: only the ranks matter here."""
    values = of_two(r_study("study"))
    order = {name: place for place, name in enumerate(TARGETS)}
    number = values["target"].map(order) * 5 + values["replicate"].astype(int)
    values = values.assign(target="all", replicate=number.astype(str))[number <= 12]
    design = Design("control", pairing="paired", test="mann_whitney")
    row = rows(compare(values, design))["high"]
    close(row["p"], r["wilcoxon", "p"])
    assert min(r["wilcoxon", "V"], 78 - r["wilcoxon", "V"]) == row["statistic"]


def test_kruskal_wallis_and_dunn(r_study, r):
    design = Design("control", pairing="independent", test="kruskal_wallis")
    done = compare(as_independent(r_study("study")), design)
    for target in TARGETS:
        whole = effect(done, "group", target)
        close(whole["statistic"], r["kruskal", f"{target}.H"])
        close(whole["p"], r["kruskal", f"{target}.p"])
        for group in ("low", "high"):
            close(rows(done, target=target)[group]["p"], r["kruskal", f"{target}.{group}.p"])


@pytest.mark.parametrize("blocks", [False, True])
def test_one_way(r_study, r, blocks):
    values = r_study("study") if blocks else as_independent(r_study("study"))
    pairing = "paired" if blocks else "independent"
    done = compare(values, Design("control", pairing=pairing, test="one_way"))
    for target in TARGETS:
        case = ("one_way_blocks." if blocks else "one_way.") + target
        close(effect(done, "group", target)["statistic"], r[case, "F"])
        close(effect(done, "group", target)["p"], r[case, "F.p"])
        for group in ("low", "high"):
            row = rows(done, target=target)[group]
            close(math.log2(row["fold_change"]), r[case, f"{group}.estimate"])
            for name, column in {"t": "statistic", "p": "p", "df": "df", "low": "ci_low"}.items():
                close(row[column], r[case, f"{group}.{name}"])


@pytest.mark.parametrize("blocks", [False, True])
def test_dunnett(r_study, r, blocks):
    """R's value is a nested integral without random numbers."""
    for target in TARGETS:
        case = ("one_way_blocks." if blocks else "one_way.") + target
        t = [r[case, f"{group}.t"] for group in ("low", "high")]
        got = dunnett_p(t, [[1, 0.5], [0.5, 1]], r[case, "low.df"])
        wanted = [r[case, f"{group}.dunnett"] for group in ("low", "high")]
        assert got == pytest.approx(wanted, rel=0, abs=DIGITS / 2)


def test_dunnett_of_a_study(r_study, r):
    values = as_independent(r_study("study"))
    values = values[values["target"] == "P53"]
    design = Design("control", pairing="independent", test="one_way", correction="dunnett")
    done = compare(values, design)
    for group in ("low", "high"):
        row = rows(done)[group]
        assert row["p_adjusted"] == pytest.approx(
            r["one_way.P53", f"{group}.dunnett"], abs=DIGITS / 2
        )
        assert (row["correction"], row["family_size"]) == ("dunnett", 2)
        assert (row["p_adjusted"] < 0.05) == (not row["sim_ci_low"] < 1 < row["sim_ci_high"])


@pytest.mark.parametrize("blocks", [False, True])
def test_tukey(r_study, r, blocks):
    values = r_study("study") if blocks else as_independent(r_study("study"))
    pairing = "paired" if blocks else "independent"
    design = Design(
        "control", pairing=pairing, test="one_way", correction="tukey", contrasts="all_pairs"
    )
    frame = compare(values, design).statistics
    for row in frame[frame["effect"] == ""].to_dict("records"):
        case = ("one_way_blocks." if blocks else "one_way.") + row["target"]
        name = f"{row['group']}-{row['reference']}"
        close(row["p_adjusted"], r[case, f"{name}.tukey"], rel=DIGITS)
        close(row["sim_ci_low"], r[case, f"{name}.tukey_low"], rel=DIGITS)


def test_group_and_membrane(r_study, r):
    """Unbalanced lanes of several membranes; R's Dunnett by mvtnorm at abseps 1e-8."""
    values = r_study("blocks")
    three = compare(values, Design("control", pairing="independent", correction="dunnett"))
    tukey = Design("control", pairing="independent", correction="tukey", contrasts="all_pairs")
    close(effect(three, "group", "P53")["statistic"], r["blocks", "F"])
    close(effect(three, "group", "P53")["p"], r["blocks", "F.p"])
    for group in ("treated", "other"):
        row = rows(three)[group]
        close(math.log2(row["fold_change"]), r["blocks", f"{group}.estimate"])
        close(row["df"], r["blocks", f"{group}.df"])
        close(row["p"], r["blocks", f"{group}.p"])
        assert row["p_adjusted"] == pytest.approx(r["blocks", f"{group}.dunnett"], abs=DIGITS)
    frame = compare(values, tukey).statistics
    for row in frame[frame["effect"] == ""].to_dict("records"):
        name = f"{row['group']}-{row['reference']}.tukey"
        close(row["p_adjusted"], r["blocks", name], rel=DIGITS)
    two = values[values["group"] != "other"]
    row = rows(compare(two, Design("control", pairing="independent")))["treated"]
    assert row["test"] == "linear model of log2, group + membrane"
    close(row["p"], r["two_blocks", "p"])
    close(row["df"], r["two_blocks", "df"])


@pytest.mark.parametrize("case", ["prism", "prism_paired"])
@pytest.mark.parametrize("correction", ["sidak", "holm-sidak"])
def test_prisms_two_way(r_study, r, case, correction):
    paired = case == "prism_paired"
    values = r_study("study") if paired else as_independent(r_study("study"))
    pairing = "paired" if paired else "independent"
    done = compare(
        values, Design("control", pairing=pairing, test="prism_two_way", correction=correction)
    )
    for name, column in {"target x group": "interaction", "group": "group"}.items():
        close(effect(done, name)["statistic"], r[case, f"{column}.F"])
        close(effect(done, name)["p"], r[case, f"{column}.p"])
    for target in TARGETS:
        for group in ("low", "high"):
            row, name = rows(done, target=target)[group], f"{target}.{group}"
            close(math.log2(row["fold_change"]), r[case, f"{name}.estimate"])
            close(row["p"], r[case, f"{name}.p"])
            close(row["df"], r[case, f"{name}.df"])
            close(row["p_adjusted"], r[case, f"{name}.{correction.replace('-', '_')}"])
            close(row["sim_ci_low"], r[case, f"{name}.sidak_low"])


@pytest.mark.parametrize("case", ["factors", "factors_paired"])
def test_two_factors(r_study, r, case):
    values = r_study("factors")
    values["group"] = values["genotype"] + "-" + values["treatment"]
    pairing = "paired" if case == "factors_paired" else "independent"
    if pairing == "independent":
        values = as_independent(values)
    factors = ("genotype", "treatment")
    done = compare(
        values, Design("WT-vehicle", pairing=pairing, test="two_factor", factors=factors)
    )
    names = {"genotype": "genotype", "treatment": "treatment"}
    for name, in_r in (names | {"genotype x treatment": "genotype:treatment"}).items():
        close(effect(done, name, "P53")["statistic"], r[case, f"{in_r}.F"])
        close(effect(done, name, "P53")["p"], r[case, f"{in_r}.p"])
    for genotype in ("WT", "KO"):
        row = rows(done)[f"{genotype}, drug"]
        assert row["reference"] == f"{genotype}, vehicle"
        for name, column in {"fold": "fold_change", "p": "p", "low": "ci_low"}.items():
            close(row[column], r[case, f"{genotype}.{name}"])


def test_interaction_is_the_ratio_of_the_folds(r_study):
    values = r_study("factors")
    values["group"] = values["genotype"] + "-" + values["treatment"]
    factors = ("genotype", "treatment")
    done = compare(
        values, Design("WT-vehicle", pairing="paired", test="two_factor", factors=factors)
    )
    simple, whole = rows(done), effect(done, "genotype x treatment", "P53")
    ratio = simple["KO, drug"]["fold_change"] / simple["WT, drug"]["fold_change"]
    close(whole["fold_change"], ratio)
    assert whole["ci_low"] < ratio < whole["ci_high"]


def incomplete(values, lost):
    """The study without some values: (replicate, group)."""
    keys = zip(values["replicate"], values["group"], strict=True)
    return values[[key not in lost for key in keys]]


MISSING = {("1", "high"), ("2", "high"), ("5", "control")}


@pytest.mark.parametrize("target", TARGETS)
def test_mixed_model_as_lmertest(r_study, r, target):
    """On incomplete blocks, where it differs from fixed blocks; R iterates to about 1e-6."""
    values = incomplete(r_study("study"), MISSING)
    done = compare(values, Design("control", pairing="paired", test="mixed_model"))
    for group in ("low", "high"):
        row, case = rows(done, target=target)[group], f"mixed.{target}"
        close(math.log2(row["fold_change"]), r[case, f"{group}.estimate"], rel=1e-5)
        close(row["df"], r[case, f"{group}.df"], rel=1e-4)
        close(row["p"], r[case, f"{group}.p"], rel=1e-4)


def test_mixed_model_of_membranes(r_study, r):
    done = compare(r_study("blocks"), Design("control", pairing="independent", test="mixed_model"))
    for group in ("treated", "other"):
        row = rows(done)[group]
        close(math.log2(row["fold_change"]), r["mixed_membranes", f"{group}.estimate"], rel=1e-5)
        close(row["df"], r["mixed_membranes", f"{group}.df"], rel=1e-4)
        close(row["p"], r["mixed_membranes", f"{group}.p"], rel=1e-4)


def test_power(r):
    paired = Estimate(1.2, 1 / math.sqrt(5), 4.0)
    close(power_at(5, paired, 5, 0.05), r["power", "n5_d1.2"])
    four = Estimate(0.3, 1 / math.sqrt(4), 3.0)
    close(math.log2(detectable_fold(four)), r["power", "delta_n4"], rel=1e-6)
    assert replicates_needed(Estimate(1.0, 0.5, 3.0), 4) == math.ceil(r["power", "n_d1"])
    two = Estimate(1.0, math.sqrt(2 / 4), 6.0)
    assert replicates_needed(two, 4) == math.ceil(r["power", "n_two_d1"])


def test_bartlett(r_study, r):
    values = r_study("study").assign(log2=lambda one: np.log2(one["scaled_density"]))
    wide = values.pivot_table(index=["target", "replicate"], columns="group", values="log2")
    spread = (wide["high"] - wide["control"]).groupby("target").var(ddof=1)
    close(bartlett(list(spread), [4] * len(spread)), r["bartlett", "p"])


def test_tukey_of_two_groups_is_the_t_test():
    assert tukey_p([2.5], 2, 7)[0] == pytest.approx(Estimate(2.5, 1.0, 7).p, abs=1e-10)


def test_comparison_blocks_share_one_family(r_study):
    """Splitting a study into questions does not lighten the burden."""
    blocks = (Comparison("low", ("low",), "control"), Comparison("high", ("high",), "control"))
    done = compare(r_study("study"), Design("control", pairing="paired", comparisons=blocks))
    assert set(done.statistics["family_size"]) == {2 * len(TARGETS)}
    assert set(done.statistics["comparison"]) == {"low", "high"}
