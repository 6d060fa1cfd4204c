"""The other simulator draws what it says, and its script tells silent faults from those said."""

import ast
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))
from other_simulator import Seen, section
from parts.comparison import compare
from parts.other_blot import other_blot, render
from parts.other_kinds import KINDS, MIXED, NAMES, spec_of
from parts.promises import Judged

BENCHMARKS = Path(__file__).parent / "benchmarks"
SEED = 3


def test_every_kind_is_another_one_and_its_own():
    specs = [spec_of(kind, SEED) for kind in NAMES]
    assert len(set(NAMES)) == len(NAMES) == len(set(specs)) >= 40
    rules = [sorted((name, repr(rule)) for name, rule in kind.items()) for kind in KINDS.values()]
    assert all(rules.count(one) == 1 for one in rules)
    assert {name for pool in MIXED.values() for name in pool} < set(KINDS)


@pytest.mark.parametrize("kind", ["strip_thin", "strip_tight", "mixed_strip"])
def test_a_kind_and_a_seed_are_one_picture(kind):
    first, again, other = (other_blot(kind, seed) for seed in (SEED, SEED, SEED + 1))
    assert np.array_equal(first.image, again.image)
    assert first.truth == again.truth
    assert first.image.shape != other.image.shape or (first.image != other.image).any()


@pytest.mark.parametrize("kind", ["flat", "tail", "box", "bright_ends", "strip_sloping"])
def test_volumes_are_the_sum_of_what_is_drawn(kind):
    # a little noise, without which feet of less than half a level would be rounded away
    quiet = {"ground": 300.0, "offset": 100.0, "smear": 0.0, "gain": 1e6, "read": 1.0}
    drawn = render(replace(spec_of(kind, SEED), **quiet), kind, SEED)
    levels = drawn.image.astype(float)
    levels = 65_535 - levels if drawn.spec.dark else levels
    planted = sum(band["volume"] for band in drawn.truth["bands"])
    unsure = np.sqrt(levels.size * (1 + 1 / 12))
    assert (levels - 400).sum() == pytest.approx(planted, abs=4 * unsure)
    assert planted > 1000 * unsure


def test_the_simulators_share_no_code():
    for path in (BENCHMARKS / "parts").glob("other_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(name.startswith("blotquant") for name in names), path.name


def test_a_wrong_lane_count_is_told_as_said_or_silent():
    truth = other_blot("strip_thin", SEED).truth
    lanes = len(truth["lanes"])
    right, wrong = compare(truth, None, lanes), compare(truth, None, lanes - 1)
    judged = Judged()
    seen = [Seen(right, warned=True), Seen(wrong, warned=True), Seen(wrong, warned=False)]
    lines = section(seen, judged).splitlines()
    (row,) = (line for line in lines if line.startswith("| strip_thin |"))
    assert row.startswith("| strip_thin | 3 | 33.3 % | 1 | 1 | 0.000 |")
    assert "**no**: lane count exact, recall" in row
    assert [line for line in lines if line.startswith("- ")] == [
        f"- strip_thin, seed {SEED}: {lanes} lanes planted, {lanes - 1} found, said to be doubtful",
        f"- strip_thin, seed {SEED}: {lanes} lanes planted, {lanes - 1} found, silent",
    ]
    assert any("over all: lane count exact" in line for line in judged.missed)


def test_every_kind_is_promised_its_median_error():
    seen = compare(other_blot("strip_thin", SEED).truth, None, 0)
    volume = seen.bands["volume"]
    bands = seen.bands.assign(found=True, net=1.02 * volume, err=volume)
    judged = Judged()
    section([Seen(replace(seen, bands=bands), warned=True)], judged)
    assert "strip_thin: median error 2.00 % (≤ 1.00 % promised)" in judged.missed
    assert not any(line.startswith("strip_thin: SD of z") for line in judged.missed)
