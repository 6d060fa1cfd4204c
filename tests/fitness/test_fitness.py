"""What was done to a picture is said; a picture as the imager left it carries nothing."""

import subprocess
import sys

import cv2
import numpy as np
import pytest
from PIL import Image

from blotquant import Flag, UnreadableImage, analyze, load
from blotquant.fitness import CHECKS, assess
from blotquant.fitness.histogram import find_comb
from blotquant.loaders.merged import says_merged
from blotquant.recipe import ImageSettings
from blotquant.simulate import render, spec_of

SEEDS = range(4)


def checks(blot):
    return {finding.check for finding in assess(blot)}


def signal_of(blot):
    full = blot.spec.full_scale
    return full - blot.image.astype(float) if blot.spec.polarity == "dark_on_light" else blot.image


@pytest.mark.parametrize("kind", ["clean", "light_on_dark", "cloudy", "strip", "twelve_bit"])
def test_a_picture_from_an_imager_carries_nothing(tampering, kind):
    blot = render(spec_of(kind, 71), 71)
    assert checks(tampering.as_blot(blot.image)) == set()


def figure_of_strips(seed):
    """Four strips with bands, white between them: 8 bits, straight edges on one grid of 8 px."""
    rng = np.random.default_rng(seed)
    row, col = np.mgrid[:336, :528]
    picture = rng.normal(180, 2, row.shape)
    for top, left in np.ndindex(4, 8):
        away = row - 32 - 80 * top - rng.uniform(-4, 4)
        across = np.clip((24 - np.abs(col - 44 - 61 * left)) / 4, 0, 1)
        picture -= rng.uniform(30, 100) * np.exp(-0.5 * (away / rng.uniform(5, 8)) ** 2) * across
    canvas = ((row + 8) % 80 < 16) | (col < 8) | (col >= 520)
    return np.where(canvas, 255, np.clip(np.rint(picture), 0, 250)).astype(np.uint8)


def test_a_figure_of_strips_was_no_jpeg(tampering):
    figure = figure_of_strips(1)
    assert "lossy" not in checks(tampering.as_blot(figure))
    _, packed = cv2.imencode(".jpg", figure, [cv2.IMWRITE_JPEG_QUALITY, 85])
    assert "lossy" in checks(tampering.as_blot(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE)))


@pytest.mark.parametrize("number", SEEDS)
def test_a_jpeg_saved_as_tiff_is_known(tampering, number):
    blot, rng = tampering.clean(number, 40), np.random.default_rng(number)
    assert "lossy" in checks(tampering.as_blot(tampering.jpeg_in_tiff(blot, rng)))
    assert "lossy" not in checks(tampering.as_blot(tampering.display(blot)))


@pytest.mark.parametrize("number", SEEDS)
def test_contrast_set_after_rounding_is_known(tampering, number):
    blot, rng = tampering.clean(number, 40), np.random.default_rng(number)
    assert "stretched" in checks(tampering.as_blot(tampering.stretched(blot, rng)))
    assert "stretched" not in checks(tampering.as_blot(tampering.eight_bits(blot)))


def test_a_gamma_is_told_from_a_straight_stretch():
    rng = np.random.default_rng(3)
    levels = np.clip(rng.normal(90, 25, 400_000), 0, 200).round()
    straight = np.rint(levels * 1.25).astype(int)
    bent = np.rint(255 * (levels / 200) ** 0.5).astype(int)
    combs = [find_comb(np.bincount(x, minlength=256)) for x in (straight, bent)]
    assert combs[0].missing
    assert not combs[0].bent
    assert combs[1].bent
    assert find_comb(np.bincount(levels.astype(int), minlength=256)) is None


@pytest.mark.parametrize("factor", [0.85, 0.7, 0.6])
def test_a_contrast_that_was_reduced_is_known_by_its_period(factor):
    levels = np.clip(np.random.default_rng(3).normal(120, 45, 400_000), 0, 255).round()
    comb = find_comb(np.bincount(np.rint(levels * factor).astype(int), minlength=256))
    assert comb.missing == 0
    assert comb.period > 0
    assert not comb.bent


def test_the_uneven_bits_of_a_converter_are_no_comb():
    """Scanners give more even levels than odd ones."""
    rng = np.random.default_rng(3)
    histogram = np.bincount(np.clip(rng.normal(1500, 300, 2_000_000), 0, 4095).astype(int))
    histogram[::2] = histogram[::2] * 3 // 2
    assert find_comb(histogram) is None


def test_as_many_pixels_at_every_level_are_no_comb():
    assert find_comb(np.full(200, 100)) is None
    assert find_comb(100 + np.arange(200) % 7) is None


def test_letters_are_no_comb():
    """The edges of drawn letters have few levels: each stands out of the histogram."""
    rng = np.random.default_rng(3)
    histogram = np.bincount(np.clip(rng.normal(120, 45, 400_000), 0, 255).astype(int))
    histogram[rng.choice(np.arange(20, 230), 25, replace=False)] *= 2
    assert find_comb(histogram) is None


def test_twelve_bits_shifted_into_sixteen_are_no_stretch(tampering):
    blot = render(spec_of("twelve_bit", 5), 5)
    assert checks(tampering.as_blot(blot.image * np.uint16(16))) == set()


@pytest.mark.parametrize("factor", [1.3, 1.7, 2.0])
def test_an_enlarged_picture_is_known(tampering, factor):
    blot = render(spec_of("clean", 12), 12)
    larger = cv2.resize(blot.image, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR)
    assert "resized" in checks(tampering.as_blot(larger))


def test_a_subtracted_background_is_known(tampering):
    blot = render(spec_of("light_on_dark", 21), 21)
    signal = signal_of(blot).astype(np.float32)
    ground = np.percentile(signal, 40)
    flat = np.clip(signal - ground, 0, None).astype(np.uint16)
    assert "background_subtracted" in checks(tampering.as_blot(flat))


def test_a_white_point_below_the_bands_is_clipping(tampering):
    blot = render(spec_of("light_on_dark", 22), 22)
    signal = signal_of(blot)
    cut = np.minimum(signal, np.percentile(signal, 99.0)).astype(np.uint16)
    assert "clipped" in checks(tampering.as_blot(cut))


def test_canvas_is_not_clipping(tampering):
    for seed in (3, 4, 5):
        assert "clipped" not in checks(
            tampering.as_blot(render(spec_of("canvas_white", seed), seed).image)
        )


def test_a_screenshot_calls_itself_one(tmp_path, tampering):
    picture = tampering.display(tampering.clean(0, 40))
    path = tmp_path / "Screenshot 2024-05-01.png"
    Image.fromarray(picture).save(path)
    (blot,) = load(path)
    assert Flag.SCREENSHOT | Flag.EIGHT_BIT in blot.flags


def test_flags_reach_every_number_and_can_be_switched_off(tmp_path, tampering):
    rng = np.random.default_rng(1)
    path = tmp_path / "blot.png"
    Image.fromarray(tampering.stretched(tampering.clean(0, 40), rng)).save(path)
    (blot,) = load(path)
    result = analyze(blot)
    assert result.table["flags"].str.contains("STRETCHED").all()
    said = result.provenance["image"]["fitness"]
    assert {"stretched", "eight_bit"} <= {one["check"] for one in said}
    assert all(one["effect"] and one["instead"] for one in said)
    (silent,) = load(path, settings=ImageSettings(fitness=False))
    assert Flag.STRETCHED not in silent.flags


def test_tiny_and_float_pictures_are_judged_without_fuss(tampering):
    for shape in ((2, 2), (3, 40), (9, 9)):
        pixels = np.random.default_rng(0).integers(0, 4000, shape).astype(np.uint16)
        assess(tampering.as_blot(pixels))
        assess(tampering.as_blot(pixels.astype(np.float32)))


def test_every_check_has_a_flag_of_its_own(tampering):
    assert len(CHECKS) == 8


def test_two_pictures_in_one_are_refused(tmp_path, tampering):
    first, second = (tampering.display(tampering.clean(n, 40)) for n in (0, 1))
    rows, cols = (min(first.shape[axis], second.shape[axis]) for axis in (0, 1))
    photo, chemi = first[:rows, :cols], second[:rows, :cols]
    path = tmp_path / "both.png"
    Image.fromarray(np.stack([photo, chemi, photo], axis=-1)).save(path)
    with pytest.raises(UnreadableImage, match="chemiluminescence channel alone"):
        load(path)
    assert load(path, settings=ImageSettings(refuse_merged=False))


def test_one_stain_in_colour_is_not_refused(tmp_path, tampering):
    grey = tampering.display(tampering.clean(2, 40)).astype(float) / 255
    stain = np.stack([grey**2.2, grey**1.3, grey**0.6], axis=-1)
    path = tmp_path / "gel.png"
    Image.fromarray(np.rint(255 * stain).astype(np.uint8)).save(path)
    assert Flag.COLOUR in load(path)[0].flags


@pytest.mark.parametrize(
    ("name", "merged"),
    [
        ("M1_chemi_merged.tif", True),
        ("Colorimetric+Chemi.png", True),
        ("M1_b-actin_chemi.tif", False),
        ("emerged_P53.tif", False),
        ("ladder.tif", False),
    ],
)
def test_names_that_say_merged(name, merged):
    assert says_merged((name,)) == merged


def test_check_prints_it_alone(tmp_path, tampering):
    rng = np.random.default_rng(2)
    bad, good = tmp_path / "bad.png", tmp_path / "good.png"
    Image.fromarray(tampering.jpeg_in_tiff(tampering.clean(2, 40), rng)).save(bad)
    Image.fromarray(tampering.clean(0, 40).image).save(good)
    (tmp_path / "broken.tif").write_bytes(b"II*\x00")
    command = [sys.executable, "-m", "blotquant", "check"]
    names = ["bad.png", "good.png", "broken.tif"]
    done = subprocess.run(
        [*command, *names], capture_output=True, encoding="utf-8", cwd=tmp_path, check=False
    )
    assert "bad.png: not fit for measuring" in done.stdout
    assert "once a JPEG" in done.stdout
    assert "good.png: nothing speaks against measuring it" in done.stdout
    assert "broken.tif" in done.stderr
    assert done.returncode == 1
    alone = subprocess.run([*command, "broken.tif"], capture_output=True, cwd=tmp_path, check=False)
    assert alone.returncode == UnreadableImage.exit_code
