"""From spec to pixels: volumes, noise, clipping, polarity, bits."""

import dataclasses

import numpy as np
import pytest

from blotquant.simulate import BlotSpec, render, simulate

PLAIN = BlotSpec(shape=(220, 420), lanes=4, rows=(0.3, 0.7))


def bands_box(band):
    r0, c0, r1, c1 = (round(v) for v in band["box"])
    return slice(r0 - 6, r1 + 7), slice(c0 - 6, c1 + 7)


def test_the_signal_adds_up_to_the_stated_volumes():
    blot = render(PLAIN, 3)
    total = sum(band["volume"] for band in blot.truth["bands"])
    assert blot.signal.sum() == pytest.approx(total, rel=1e-6)


def test_given_volumes_are_drawn_exactly():
    volumes = ((2e6, 0.0, 1e6, 4e5), (3e6, 1e6, 0.0, 5e5))
    blot = render(dataclasses.replace(PLAIN, volumes=volumes, targets=("A", "B")), 1)
    found = {(b["target"], b["lane"]): b["volume"] for b in blot.truth["bands"]}
    expected = {
        (target, lane): volume
        for target, row in zip("AB", volumes, strict=True)
        for lane, volume in enumerate(row, start=1)
        if volume
    }
    assert found == expected
    assert blot.signal.sum() == pytest.approx(sum(expected.values()), rel=1e-6)


def test_the_stored_image_holds_the_volumes():
    """What a measurement with the true background finds is the truth, within its noise."""
    blot = render(PLAIN, 5)
    signal = blot.truth["ceiling"] - blot.image.astype(float) - blot.background
    worst = 0.0
    for band in blot.truth["bands"]:
        box = bands_box(band)
        pixels = signal[box].size
        sd = np.sqrt(pixels * blot.truth["noise_sd"] ** 2 + band["volume"] * 65535 / 30000)
        worst = max(worst, abs(signal[box].sum() - band["volume"]) / sd)
    assert worst < 4


@pytest.mark.parametrize("kind", ["clean", "kitchen_sink", "jpeg", "canvas_black"])
def test_same_seed_same_pixels_other_seed_others(kind):
    one, again, other = simulate(kind, 7), simulate(kind, 7), simulate(kind, 8)
    assert one.image.tobytes() == again.image.tobytes()
    assert one.truth == again.truth
    assert one.encoded == again.encoded
    assert one.image.tobytes() != other.image.tobytes()


def test_no_global_random_state_is_used():
    state = np.random.get_state()[1].copy()  # noqa: NPY002  # the global state is what is tested
    simulate("kitchen_sink", 1)
    assert (np.random.get_state()[1] == state).all()  # noqa: NPY002


def test_polarities_are_each_others_mirror():
    dark = render(PLAIN, 2)
    light = render(dataclasses.replace(PLAIN, polarity="light_on_dark"), 2)
    assert (dark.image.astype(int) + light.image == 65535).all()
    assert dark.truth["bands"] == light.truth["bands"]


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_noise_is_as_stated(bits):
    spec = BlotSpec(shape=(300, 300), lanes=1, lane_width=20, bit_depth=bits, read_noise=0.004)
    blot = render(dataclasses.replace(spec, background=0.3), 4)
    corner = blot.image[:120, :120].astype(float)
    assert corner.std() == pytest.approx(blot.truth["noise_sd"], rel=0.05)


@pytest.mark.parametrize(
    ("bits", "ceiling", "dtype"),
    [(8, None, "uint8"), (12, None, "uint16"), (16, None, "uint16"), (16, 16383, "uint16")],
)
@pytest.mark.parametrize("polarity", ["dark_on_light", "light_on_dark"])
def test_saturation_clips_at_the_ceiling(bits, ceiling, dtype, polarity):
    spec = dataclasses.replace(PLAIN, bit_depth=bits, ceiling=ceiling, polarity=polarity)
    blot = render(dataclasses.replace(spec, peak=2.0, peak_limit=3.0, lane_spread=0.1), 1)
    top = ceiling or 2**bits - 1
    assert blot.image.dtype == dtype == blot.truth["dtype"]
    assert blot.truth["ceiling"] == top
    saturated = blot.image == (0 if polarity == "dark_on_light" else top)
    assert blot.image.max() <= top
    for band in blot.truth["bands"]:
        assert band["clipped_fraction"] > 0.2
        assert band["peak"] > top
        assert saturated[round(band["center"][0]), round(band["center"][1])]


def test_doublets_overlap_and_lone_bands_do_not():
    assert all(band["overlap"] for band in simulate("doublets", 1).truth["bands"])
    assert not any(band["overlap"] for band in render(PLAIN, 1).truth["bands"])


def test_a_cut_band_keeps_its_whole_volume_and_says_so():
    blot = render(dataclasses.replace(PLAIN, rows=(0.01, 0.5)), 1)
    for band in blot.truth["bands"]:
        assert band["cut"] == (band["row"] == 1)
    total = sum(band["volume"] for band in blot.truth["bands"])
    assert blot.signal.sum() < 0.95 * total


def test_faint_bands_are_raised_to_what_can_be_seen():
    spec = dataclasses.replace(PLAIN, peak=1e-6, read_noise=0.01, min_snr=6.0)
    truth = render(spec, 1).truth
    snr = {(b["lane"], b["row"]): b["snr"] for b in truth["bands"]}
    assert min(snr.values()) == pytest.approx(6.0, rel=1e-3)
    assert max(snr[1, 1], snr[1, 2]) == pytest.approx(12.0, rel=1e-3)
    assert max(snr[4, 1], snr[4, 2]) == pytest.approx(12.0, rel=1e-3)


def test_a_bubble_marks_the_band_it_damages():
    spec = dataclasses.replace(PLAIN, bubbles=150)
    truth = render(spec, 1).truth
    assert any(band["damaged"] for band in truth["bands"])
    assert not any(band["damaged"] for band in render(PLAIN, 1).truth["bands"])


def test_a_hot_pixel_marks_the_band_it_lies_in():
    spec = dataclasses.replace(PLAIN, hot_pixels=300, polarity="light_on_dark", peak=0.05)
    blot = render(spec, 1)
    without = render(dataclasses.replace(spec, hot_pixels=0), 1)
    hot = np.argwhere(blot.image != without.image)
    assert 280 <= len(hot) <= 300
    for band in blot.truth["bands"]:
        r0, c0, r1, c1 = band["box"]
        near = (np.abs(hot - [(r0 + r1) / 2, (c0 + c1) / 2]) < [4, 20]).all(axis=1)
        assert band["damaged"] or not near.any()
    assert any(band["damaged"] for band in blot.truth["bands"])


def test_canvas_surrounds_the_membrane():
    spec = dataclasses.replace(
        PLAIN,
        canvas="white",
        canvas_noise=False,
        rotation=3.0,
        background=0.2,
        lane_width=40,
        gap=10,
    )
    blot = render(spec, 1)
    assert (blot.image[:8] == 65535).all()
    assert np.median(blot.image[100:120, 100:300]) < 0.9 * 65535
    top_left, top_right, *_ = blot.truth["membrane"]
    angle = np.degrees(np.arctan2(top_right[0] - top_left[0], top_right[1] - top_left[1]))
    assert angle == pytest.approx(3.0, abs=0.01)
    assert render(PLAIN, 1).truth["membrane"] is None


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"bit_depth": 10}, "bit_depth"),
        ({"empty_lanes": (1,)}, "first and last"),
        ({"groups": (2, 3)}, "add up"),
        ({"volumes": ((1.0,),)}, "volumes"),
        ({"file_format": "jpg"}, "8"),
        ({"ceiling": 70000}, "ceiling"),
        ({"row_strength": (1.0, 2.0, 3.0)}, "row_strength"),
    ],
)
def test_a_spec_that_cannot_be_is_refused(given, says):
    with pytest.raises(ValueError, match=says):
        dataclasses.replace(PLAIN, **given)


def test_all_faults_are_told_at_once():
    with pytest.raises(ValueError, match=r"bit_depth.*; .*sigma"):
        BlotSpec(bit_depth=9, sigma=-1)
