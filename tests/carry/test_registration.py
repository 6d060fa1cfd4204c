"""Two images of one membrane lie on each other again, or it is said that they do not."""

from dataclasses import replace

import numpy as np
import pytest

from blotquant.membrane import find_panels
from blotquant.membrane_layout import carried_lanes, is_shown
from blotquant.model import Blot, ImageSource
from blotquant.registration import LEAST_CONFIDENCE, register

ROWS = (0.22, 0.41, 0.63)


def misses(found, reference, other, rows=None):
    """How far right of the truth each carried lane lies, px, shape (lanes, rows)."""
    shape = other.blot.shape
    lanes = carried_lanes(reference.lanes(), found.transform, find_panels(other.blot), shape)
    assert all(is_shown(lane, shape) for lane in lanes)
    rows = np.linspace(0.2, 0.8, 9) * shape[0] if rows is None else rows
    return np.array([lane.center(rows) for lane in lanes]) - other.lane_columns(rows)


def rms(values):
    return float(np.sqrt(np.mean(np.square(values))))


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(
    "kind",
    ["clean", "light_on_dark", "lean", "bow", "fan", "smile", "ladder_left", "empty_lanes",
     "touching_lanes", "cloudy", "smear", "canvas_black", "canvas_white"],
)  # fmt: skip
def test_another_target_in_all_lanes_leads_to_the_lanes(draw, kind, seed):
    """No band in common, another background, shifted by tens of px and turned."""
    rng = np.random.default_rng([seed, 3])
    drow, dcol = (int(v) for v in rng.integers(-20, 21, 2))
    base = draw.membrane(kind, seed)
    other = replace(
        draw.few_lanes(base, seed, base.lanes, ROWS),
        rotation=float(rng.uniform(-1.2, 1.2)),
        background=0.7 * base.background,
    )
    reference, moved = draw.probe(base, seed), draw.probe(other, seed + 50, drow, dcol)
    found = register(reference.blot, moved.blot, lanes=reference.lanes())
    assert found.believed
    assert rms(misses(found, reference, moved)) < 1.0


@pytest.mark.parametrize("seed", [1, 3])
@pytest.mark.parametrize("kind", ["clean", "missing_bands", "smile", "canvas_black"])
def test_a_target_in_three_lanes_leads_to_all_lanes(draw, kind, seed):
    """Within 1 px at the height of its bands, and they decide by how little they could be wrong."""
    base = draw.membrane(kind, seed)
    other = replace(draw.few_lanes(base, seed, 3, (0.3, 0.6)), rotation=0.4)
    reference, moved = draw.probe(base, seed), draw.probe(other, seed + 50, 6, -9)
    found = register(reference.blot, moved.blot, lanes=reference.lanes())
    assert found.believed
    rows = [band["center"][0] - moved.row0 for band in moved.drawn.truth["bands"]]
    assert rms(misses(found, reference, moved, np.array(rows))) < 1.0


@pytest.mark.parametrize("angle", [-3.0, -1.7, 0.0, 2.4])
def test_bands_carried_over_give_shift_along_the_lanes_as_well(draw, angle):
    """The first probe's rows shine through a second one's."""
    base = replace(
        draw.membrane("missing_bands", 2), rows=(0.3, 0.55, 0.7), row_strength=(), missing=0.2
    )
    again = replace(base, rows=(*base.rows, 0.42), row_strength=(0.3, 0.3, 0.3, 1.0))
    again = replace(again, rotation=angle, missing=0.2)
    reference, moved = draw.probe(base, 4), draw.probe(again, 8, 23, -31)
    found = register(reference.blot, moved.blot, lanes=reference.lanes())
    assert found.believed
    assert found.rows_known
    assert found.transform.angle == pytest.approx(angle, abs=0.25)
    # where a place of the membrane has gone: turned about the middle of both pictures as drawn
    middle = (np.array(base.shape) - 1) / 2
    for place in (np.array([120.0, 200.0]), np.array([300.0, 450.0])):
        down, right = place + np.array([reference.row0, reference.col0]) - middle
        turn = np.radians(angle)
        expected = (
            middle
            - (moved.row0, moved.col0)
            + (
                down * np.cos(turn) + right * np.sin(turn),
                right * np.cos(turn) - down * np.sin(turn),
            )
        )
        assert np.hypot(*(np.array(found.transform(*place)) - expected)) < 1.5


def test_without_anything_in_common_along_the_lanes_that_is_said(draw):
    """A single row each: nothing tells which target runs where."""
    base = replace(draw.membrane("strip", 3), rows=(0.5,), row_strength=())
    other = draw.few_lanes(base, 3, base.lanes, (0.56,))
    reference, moved = draw.probe(base, 3), draw.probe(other, 9, 0, 7)
    found = register(reference.blot, moved.blot, lanes=reference.lanes())
    assert found.believed
    assert not found.rows_known
    assert rms(misses(found, reference, moved)) < 1.0


def test_strips_of_different_height_share_their_columns(draw):
    """Cut from the membrane at other rows."""
    base = draw.membrane("strip", 5)
    other = draw.few_lanes(base, 5, base.lanes, (0.5,))
    reference = draw.probe(base, 5)
    low = (reference.blot.shape[0] - 24, reference.blot.shape[1])
    moved = draw.probe(other, 11, 3, -12, size=low)
    found = register(reference.blot, moved.blot, lanes=reference.lanes())
    assert found.believed
    assert rms(misses(found, reference, moved)) < 1.0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_noise_is_not_believed(draw, seed):
    """An image without a band: lanes stay where they are, and the message says so."""
    reference = draw.probe(draw.membrane("clean", seed), seed)
    rng = np.random.default_rng(seed)
    empty = rng.normal(2000, 40, reference.blot.shape).astype(np.float32)
    found = register(
        reference.blot, Blot(empty, source=ImageSource("empty.tif")), lanes=reference.lanes()
    )
    assert not found.believed
    assert found.confidence < LEAST_CONFIDENCE
    assert (found.transform.drow, found.transform.dcol, found.transform.angle) == (0, 0, 0)
    assert "empty.tif" in found.message
    assert "without a shift" in found.message


def test_half_a_spacing_off_with_two_lanes_is_not_believed(draw):
    """To the left or to the right: both fit, and nothing decides."""
    base = replace(draw.membrane("clean", 3), gap_cv=0.0, width_cv=0.0, wander=0.0)
    half = round((base.lane_width + base.gap) / 2)
    other = draw.few_lanes(base, 3, 2, (0.4,))
    reference, moved = draw.probe(base, 3), draw.probe(other, 9, 0, half)
    found = register(reference.blot, moved.blot, lanes=reference.lanes())
    assert not found.believed
    assert found.transform.dcol == 0


def test_an_image_lies_on_itself(draw):
    image = draw.probe(draw.membrane("clean", 1), 1)
    found = register(image.blot, image.blot)
    assert found.confidence > 0.9
    assert found.rows_known
    assert np.allclose(found.transform(100, 200), (100, 200), atol=0.2)


# ---- one membrane probed three times ------------------------------------------------------------

# Measured by hand on the full-size pictures. For each of the two PARP bands (the first probe's,
# carried over into the other two) in each of the four sample lanes: a window was set by eye; the
# row is the middle between the half-height flanks of the profile down the lane's middle half,
# above a line between the window's ends; the column is the middle between the half-height sides of
# the seven rows there. (row, col), full length then cleaved PARP, left to right.
BY_HAND = {
    "parp": [
        (71.21, 296.21), (71.91, 341.04), (72.63, 387.95), (72.84, 433.45),
        (95.92, 297.09), (96.92, 341.86), (97.14, 387.61), (97.47, 433.96),
    ],
    "trail": [
        (92.88, 266.48), (92.70, 311.19), (92.95, 358.16), (93.22, 403.47),
        (118.05, 267.50), (118.42, 312.42), (117.87, 358.09), (117.78, 404.28),
    ],
    "actin": [
        (94.45, 311.30), (94.91, 355.96), (95.31, 402.96), (95.03, 448.38),
        (118.88, 312.16), (119.64, 356.83), (119.58, 402.71), (119.51, 448.98),
    ],
}  # fmt: skip


@pytest.mark.shared
@pytest.mark.parametrize(
    ("first", "second"),
    [(a, b) for a in BY_HAND for b in BY_HAND if a != b],
)
def test_a_membrane_probed_three_times_is_within_a_pixel_of_the_hand(shared, first, second):
    """Tilted by 2 degrees, shifted by up to 45 px, one probe saturated."""
    import blotquant as bq

    (reference,), (other,) = (
        bq.load(shared / "real" / f"blotbench_{name}.tif") for name in (first, second)
    )
    found = register(reference, other)
    assert found.believed
    assert found.rows_known
    rows, cols = np.array(BY_HAND[first]).T
    carried = np.column_stack(found.transform(rows, cols))
    assert np.abs(carried - BY_HAND[second]).max() < 1.0
