"""Copies, joints and one picture twice are found; what is merely similar is not."""

from dataclasses import replace
from functools import partial

import cv2
import numpy as np
import pandas as pd
import pytest
import tifffile

from blotquant import load
from blotquant.batch import analyze_folder
from blotquant.batch.integrity import look_at, shared_controls
from blotquant.cli import main
from blotquant.flags import Flag
from blotquant.integrity import Subject, examine
from blotquant.outcome import ImageOutcome
from blotquant.recipe import Recipe
from blotquant.simulate import render, spec_of
from blotquant.simulate.draws import shrink
from blotquant.study import Study

KINDS = ("clean", "light_on_dark", "strip", "doublets", "cloudy", "canvas_black")


def small(kind, seed, pixels=160_000):
    return render(shrink(spec_of(kind, seed), pixels), seed).image


def same(blot):
    return blot


def look(*blots, shared=()):
    subjects = [Subject(f"{number}.tif", partial(same, blot)) for number, blot in enumerate(blots)]
    return examine(subjects, shared)


@pytest.mark.parametrize("kind", KINDS)
def test_clean_blots_raise_no_alarm(tampering, kind):
    blots = [tampering.as_blot(small(kind, seed)) for seed in (81, 82)]
    assert look(*blots) == ()


@pytest.mark.parametrize("number", range(2))
def test_a_copied_band_is_found_in_both_places(tampering, number):
    rng = np.random.default_rng([4, number])
    copy = tampering.copied_band(tampering.clean(number, 50), rng)
    (found,) = [one for one in look(tampering.as_blot(copy.pixels)) if one.kind == "repeated"]
    boxes = {tampering.Place(*found.box), tampering.Place(*found.other_box)}
    for place in (copy.source, copy.target):
        assert any(tampering.overlap(place, box) for box in boxes)
    assert found.image == found.other == "0.tif"


TURNS = {
    "": lambda patch: patch,
    "mirrored left to right": np.fliplr,
    "mirrored top to bottom": np.flipud,
    "turned by 180°": partial(np.rot90, k=2),
    "turned by 90°": partial(np.rot90, k=3),
    "turned by 270°": np.rot90,
    "mirrored and turned by 90°": np.transpose,
    "mirrored and turned by 270°": lambda patch: np.rot90(patch, 2).T,
}


@pytest.mark.parametrize("turn", TURNS)
def test_every_turn_is_told_and_its_boxes_are_right(tampering, turn):
    pixels = small("clean", 7).copy()
    patch = TURNS[turn](pixels[20:70, 30:110])
    rows, cols = patch.shape
    pixels[120 : 120 + rows, 200 : 200 + cols] = patch
    (found,) = look(tampering.as_blot(pixels))
    inverse = {"turned by 90°": "turned by 270°", "turned by 270°": "turned by 90°"}
    assert found.turn in {turn, inverse.get(turn, turn)}
    wanted = [(20, 30, 70, 110), (120, 200, 120 + rows, 200 + cols)]
    for box, true in zip(sorted([found.box, found.other_box]), wanted, strict=True):
        assert np.abs(np.subtract(box, true)).max() <= 6


def test_a_changed_contrast_hides_nothing(tampering):
    pixels = small("light_on_dark", 7).copy()
    patch = pixels[20:70, 30:110].astype(float)
    pixels[120:170, 200:280] = np.rint(65535 * (patch / 65535) ** 0.85 * 0.7)
    assert [one.kind for one in look(tampering.as_blot(pixels))] == ["repeated"]


def test_the_same_scene_with_noise_of_its_own_is_no_copy(tampering):
    """Two exposures: every band is alike, and only the noise is not."""
    pictures = [_scene(seed) for seed in (1, 2)]
    assert look(*(tampering.as_blot(one) for one in pictures)) == ()


def _scene(seed):
    rows, cols = np.mgrid[:300, :500].astype(float)
    signal = 3000 + 20_000 * np.exp(-(((rows - 150) / 6) ** 2)) * (np.abs(cols % 100 - 50) < 30)
    return np.random.default_rng(seed).normal(signal, 150).astype(np.uint16)


def test_identical_bands_with_noise_of_their_own_are_no_copies(tampering):
    assert look(tampering.as_blot(_scene(3))) == ()


@pytest.mark.parametrize("number", range(3))
def test_a_joint_is_found_where_it_is(tampering, number):
    joint = tampering.spliced(number, np.random.default_rng([5, number]), 50)
    found = [one for one in look(tampering.as_blot(joint.pixels)) if one.kind == "joined"]
    assert any(abs(one.box[1] + 1 - joint.target.left) <= 3 for one in found)


def halves(left, right, blur=0.0):
    """Two recordings side by side, and the blur with which one recording would have seen them."""
    rng = np.random.default_rng(8)
    ground = np.full((240, 400), float(left))
    ground[:, 230:] = right
    if blur:
        ground = cv2.GaussianBlur(ground, (0, 0), blur)
    rows, cols = np.mgrid[:240, :400]
    bands = 15_000 * np.exp(-(((rows - 120) / 5) ** 2)) * (np.abs(cols % 60 - 30) < 18)
    return np.rint(rng.normal(ground + bands, 60)).clip(0, 65535).astype(np.uint16)


def test_pieces_of_unlike_grounds_are_joined_and_no_membrane_on_a_surround(tampering):
    """One of them passed for the surround of the other, where nothing was looked for."""
    (found,) = look(tampering.as_blot(halves(3000, 20_000)))
    assert found.kind == "joined"
    assert abs(found.box[1] + 1 - 230) <= 3
    assert look(tampering.as_blot(halves(3000, 20_000, blur=1.5))) == ()


def test_the_frame_around_a_membrane_is_neither_joint_nor_copy(tampering):
    """A line drawn around it, slightly turned, is as sharp as a joint, and its stairs repeat."""
    corners = np.int32(cv2.boxPoints(((250, 150), (400, 220), 0.5)))
    inside, frame = (np.zeros((300, 500), np.uint8) for _ in range(2))
    cv2.fillPoly(inside, [corners], 1)
    cv2.polylines(frame, [corners], True, 255, 4, cv2.LINE_AA)
    light = 1 - cv2.GaussianBlur(frame / 255.0, (0, 0), 1.0)
    ground = np.random.default_rng(1).normal(60_000, 250, inside.shape)
    pixels = (np.where(inside, ground, 65535) * light).astype(np.uint16)
    assert look(tampering.as_blot(pixels)) == ()


def test_a_picture_compressed_with_loss_alone_is_looked_at_without_fuss(tampering):
    """It has no anchors, and there were no arrays to join."""
    blot = tampering.as_blot(small("clean", 3, 50_000))
    assert look(replace(blot, flags=Flag.LOSSY)) == ()


def test_one_picture_under_two_names(tampering):
    pixels, other = small("clean", 3), small("light_on_dark", 3)
    blots = [tampering.as_blot(one) for one in (pixels, other, pixels.copy())]
    (found,) = look(*blots)
    assert (found.kind, found.image, found.other) == ("same picture", "0.tif", "2.tif")
    assert look(*blots, shared={frozenset(("0.tif", "2.tif"))}) == ()


def test_the_inverted_picture_is_the_same_picture(tampering):
    pixels = small("clean", 9)
    (found,) = look(tampering.as_blot(pixels), tampering.as_blot(np.uint16(65535) - pixels))
    assert found.kind == "same picture"


def test_exposures_that_an_imager_added_up_are_honest(tampering):
    """The longer one holds the photons of the shorter one, and so its noise."""
    first = tampering.as_blot(small("light_on_dark", 9))
    more = tampering.as_blot(
        (first.pixels.astype(np.uint32) * 5 // 4).clip(0, 65535).astype(np.uint16)
    )
    told = look(replace(first, exposure_s=10.0), replace(more, exposure_s=12.5))
    assert told == ()
    assert [one.kind for one in look(first, more)] == ["same picture"]


def test_a_control_that_is_declared_shared_is_no_alarm():
    tree = {
        "image": [
            {"file": f"{name}.tif", "membrane": "M1", "target": target, "role": role, **more}
            for name, target, role, more in (
                ("a", "actin", "loading_control", {"shared_control": True}),
                ("b", "actin again", "loading_control", {}),
                ("c", "P53", "target", {}),
            )
        ]
    }
    assert shared_controls(Study.parse(tree)) == {frozenset(("a.tif", "b.tif"))}


def test_a_run_says_and_draws_it_after_the_numbers(tmp_path, tampering):
    folder = tmp_path / "blots"
    folder.mkdir()
    copy = tampering.copied_band(tampering.clean(0, 50), np.random.default_rng(6))
    tifffile.imwrite(folder / "M1_P53.tif", copy.pixels)
    tifffile.imwrite(folder / "M2_P53.tif", small("clean", 4))
    run = analyze_folder(folder, out=tmp_path / "out", overlays=False)
    (notice,) = run.notices
    assert notice.kind == "repeated"
    assert (tmp_path / "out" / notice.figure).read_bytes().startswith(b"\x89PNG")
    table = pd.read_csv(tmp_path / "out" / "integrity.csv")
    assert table["image"].tolist() == ["M1_P53.tif"]
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Look at this" in page
    assert "data:image/png;base64" in page
    silent = tmp_path / "silent"
    assert main(["run", str(folder), "-o", str(silent), "--no-overlays", "--no-integrity"]) == 0
    assert pd.read_csv(silent / "integrity.csv").empty
    assert not (silent / "integrity").exists()
    assert (silent / "bands.csv").read_bytes() == (tmp_path / "out" / "bands.csv").read_bytes()


def test_across_a_study_a_shared_control_is_no_alarm_and_a_copied_band_is(tmp_path):
    """Four pictures of two membranes: one control twice, and a band of one target in the other."""
    actin, first, second = (small("clean", seed, 50_000).copy() for seed in (3, 7, 8))
    second[60:110, 120:200] = np.fliplr(first[20:70, 30:110])
    pictures = {"M1_actin": actin, "M2_actin": actin, "M1_P53": first, "M2_P53": second}
    outcomes = []
    for name, pixels in pictures.items():
        tifffile.imwrite(tmp_path / f"{name}.tif", pixels)
        outcomes.append(ImageOutcome(f"{name}.tif", tmp_path / f"{name}.tif", "skipped"))

    def told(study=None, **settings):
        notices, said = look_at(outcomes, Recipe.of(**settings), tmp_path / "out", study)
        assert said == ()
        return {(one.kind, one.image, one.other) for one in notices}

    copied = ("repeated", "M1_P53.tif", "M2_P53.tif")
    shared = ("same picture", "M1_actin.tif", "M2_actin.tif")
    assert told() == {copied, shared}
    assert told(_study()) == {copied}
    assert told(integrity=False) == set()


def _study():
    control = {"target": "actin", "role": "loading_control", "shared_control": True}
    images = [
        {"file": f"{membrane}_{kind['target']}.tif", "membrane": membrane, **kind}
        for membrane in ("M1", "M2")
        for kind in (control, {"target": "P53", "role": "target"})
    ]
    return Study.parse({"image": images})


@pytest.mark.shared
@pytest.mark.slow
def test_no_alarm_on_real_blots(shared):
    """Two scans lie there with their reference copies, which are the same pictures."""
    paths = sorted(path for path in (shared / "real").iterdir() if path.suffix != ".md")
    subjects = [Subject(path.name, partial(_only, path)) for path in paths]
    pairs = {
        ("biorad_test1.1sc", "biorad_test1_ref.tif"),
        ("biorad_test4.1sc", "biorad_test4_ref.tif"),
    }
    assert {(one.image, one.other) for one in examine(subjects)} == pairs


def _only(path):
    return load(path)[0]
