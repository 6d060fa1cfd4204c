"""The validation page's command: it runs, says no where a bound is missed, and fills the page."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))
from parts import real
from parts.accuracy import density_section, found_section, marks_section
from parts.beside_imagej import imagej_section
from parts.by_hand import gels_of, layout_of
from parts.comparison import compare
from parts.page import PAGE, filled, names_of, unsolved
from parts.promises import Judged, Promise
from parts.scenes import CLOSE, WEAK_SHARE, blot_of, with_marks

from blotquant.simulate import simulate

BENCHMARKS = Path(__file__).parent / "benchmarks"
SEED = 7000


@pytest.fixture(scope="module")
def perfect():
    """A result of 60 bands that are found where they are, their errors as large as stated."""
    truth = simulate("clean", SEED).truth
    seen = compare(truth, None, len(truth["lanes"]))
    count = len(seen.bands)
    z = np.random.default_rng(1).permutation(norm.ppf((np.arange(count) + 0.5) / count))
    volume = seen.bands["volume"].to_numpy()
    err = 0.001 * volume
    bands = seen.bands.assign(found=True, net=volume + z * err, err=err, snr=50.0, fair=True)
    bands = bands.assign(given=bands["net"], marked=bands["net"])
    return replace(seen, bands=bands, detected_clear=count, detected_fair=count)


def row_of(text, kind):
    return next(line for line in text.splitlines() if line.startswith(f"| {kind} |"))


def test_the_command_measures_one_kind():
    done = subprocess.run(
        [
            *(sys.executable, str(BENCHMARKS / "validation.py"), "--no-imagej"),
            *("--kinds", "strip", "--seeds", f"{SEED}", "--more-seeds", f"{SEED + 1}"),
            *("--sections", "simulated"),
        ],
        capture_output=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )
    assert done.returncode in {0, 1}, done.stderr
    missed = int(re.search(r"(\d+) promises missed", done.stderr)[1])
    assert done.returncode == (missed > 0)
    found, densities = done.stdout.split("<!-- densities -->")
    assert row_of(found, "strip").startswith("| strip | 2 | 100.0 % | 1.000 |")
    planted = sum(len(simulate("strip", SEED + k).truth["bands"]) for k in range(2))
    assert row_of(densities, "strip").startswith(f"| strip | {planted} | 0.")


def test_the_page_is_not_written_from_a_few_kinds():
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / "validation.py"), "--kinds", "strip", "--write"],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 2
    assert "--write" in done.stderr


def test_what_holds_is_shown_as_held(perfect):
    judged = Judged()
    assert row_of(found_section([perfect], judged), "clean").endswith("| yes |")
    assert row_of(density_section([perfect], judged), "clean").endswith("| yes |")
    assert row_of(marks_section([perfect], judged), f"{SEED}").endswith("| yes |")
    assert judged.missed == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda b: b.assign(net=b["net"] * 1.02), "median error"),
        (lambda b: b.assign(err=b["err"] * 2), "SD of z"),
        (lambda b: b.assign(err=b["err"] / 2), "within 2 SE"),
        (lambda b: b.assign(net=np.where(np.arange(len(b)) % 9, b["net"], 0)), "95th percentile"),
    ],
)
def test_a_missed_bound_is_shown_as_missed(perfect, change, words):
    judged = Judged()
    text = density_section([replace(perfect, bands=change(perfect.bands))], judged)
    assert "**no**: " in row_of(text, "clean")
    assert words in row_of(text, "clean").partition("**no**")[2]
    assert any(line.startswith(f"clean: {words}") for line in judged.missed)
    assert f"- clean: {words}" in unsolved({"simulated": judged.missed})


def test_a_lost_band_and_a_wrong_lane_count_are_missed(perfect):
    judged = Judged()
    lost = perfect.bands.assign(found=perfect.bands.index != 0)
    text = found_section([replace(perfect, bands=lost, lanes_found=1)], judged)
    assert "lane count exact, recall" in row_of(text, "clean")
    assert f"seed {SEED}" in text
    gone = perfect.bands.assign(marked=perfect.bands["marked"].where(perfect.bands.index != 0))
    text = marks_section([replace(perfect, bands=gone)], judged)
    assert "| 100.0 % | 1 | **no**" in row_of(text, f"{SEED}")


def test_worse_than_imagej_is_said(perfect):
    saved = {"clean": {way: [0.5, 0.9] for way in ("window", "drop", "rolling", "unrounded")}}
    judged = Judged()
    assert row_of(imagej_section([perfect], saved, judged), "clean").endswith("| yes | yes |")
    saved["clean"]["window"] = [1e-9, 1e-9]
    assert row_of(imagej_section([perfect], saved, judged), "clean").endswith("**no** | **no** |")
    assert len(judged.missed) == 2


def test_nothing_to_count_is_neither_kept_nor_missed():
    judged = Judged()
    promise = {"a": Promise("a", low=1.0)}
    assert judged.row("here", promise, {"a": np.nan}) == ["-", "-"]
    assert judged.missed == []


def test_the_page_has_a_place_for_every_section_and_only_the_command_fills_it():
    text = PAGE.read_text(encoding="utf-8")
    written = filled(text, {"marks": "one two"})
    assert "<!-- measured: marks -->\n\none two\n\n<!-- end of measured -->" in written
    assert filled(written, {"marks": "one two"}) == written
    sections = ("run", "found", "densities", "doublets", "weak", "marks", "imagej", "times")
    apart = ("other", "lanes", "dilution", "exposures", "forensics", "unsolved")
    assert names_of(text) == {*sections, *apart}
    with pytest.raises(ValueError, match="no place for: nowhere"):
        filled(text, {"nowhere": ""})


@pytest.mark.parametrize(("kind", "gels"), [("strip", 1), ("lean", None)])
def test_rectangles_by_hand_hold_every_band_once(kind, gels):
    drawn = simulate(kind, SEED)
    signal = np.asarray(drawn.signal, dtype=np.float32)
    found = gels_of(drawn.truth, signal)
    assert gels is None or len(found) == gels
    peaks = [peak for gel in found for lane in gel.peaks for peak in lane]
    assert sorted(peak.index for peak in peaks) == list(range(len(drawn.truth["bands"])))
    for gel in found:
        assert len({(y, w, h) for _, y, w, h in gel.rectangles}) == 1
        for (x, y, w, h), lane in zip(gel.rectangles, gel.peaks, strict=True):
            for peak in lane:
                assert y <= peak.start < peak.stop <= y + h - 1
                inside = signal[peak.start : peak.stop + 1, x : x + w].sum()
                assert inside == pytest.approx(drawn.truth["bands"][peak.index]["volume"], rel=0.05)
    assert len(layout_of(found, drawn.truth).bands) == len(peaks)


def test_scenes_are_what_they_say():
    weak = blot_of("one_percent", SEED).truth["bands"]
    shares = np.array([band["volume"] for band in weak]) / max(band["volume"] for band in weak)
    few = shares < 2 * WEAK_SHARE
    assert few.sum() == len(weak) / 2
    snr = np.array([band["snr"] for band in weak])[few]
    assert (snr > 18).all()
    assert (snr < 30).all()
    close = compare(blot_of("close_doublets", SEED).truth, None, 0).bands["apart"]
    assert close.between(CLOSE[0] - 0.6, CLOSE[1] + 0.6).all()
    clean = simulate("clean", SEED)
    changed = (with_marks(clean, SEED) != clean.image).mean()
    assert 0.001 < changed < 0.05


@pytest.mark.shared
def test_known_lanes_are_read(shared, monkeypatch):
    monkeypatch.setattr(real, "REAL", shared / "real")
    lanes = real.known_lanes()
    assert lanes["strip_12_lanes.png"] == [12]
    assert lanes["gelquant_two_gels.png"] == [15, 15]
    assert lanes["biorad_test4_ref.tif"] == [16]
    assert "promad_00000.scn" not in lanes
