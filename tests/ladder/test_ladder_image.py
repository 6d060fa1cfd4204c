"""A ladder that only a photograph shows: its scale, rotation and shift planted."""

import cv2
import numpy as np
import pytest
import tifffile

import blotquant as bq
from blotquant.errors import LayoutError, RecipeError
from blotquant.model import Panel
from blotquant.outline_fit import fit_corners, has_outline
from blotquant.pipeline.ladder_image import with_ladder_of

KDA = (250.0, 130.0, 70.0, 50.0, 35.0, 25.0, 15.0)
LADDER = ",".join(f"{kda:g}" for kda in KDA)
HEIGHT, WIDTH = 420, 460  # of the membrane, px of the exposure
TOP, LEFT = 60, 70


def row_of(kda):
    """Row on the membrane: log-linear."""
    return 40 + 340 * (np.log10(250) - np.log10(kda)) / np.log10(250 / 15)


def bands(columns):
    """A membrane with bands of given sizes in each column, 1 in the strongest."""
    rows, cols = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    picture = np.zeros((HEIGHT, WIDTH), np.float32)
    for column, sizes in columns.items():
        for kda in sizes:
            across = np.exp(-0.5 * ((cols - column) / 20) ** 8)
            picture += np.exp(-0.5 * ((rows - row_of(kda)) / 4) ** 2) * across
    return picture


SAMPLES = {140: (42.0, 100.0), 220: (42.0, 100.0), 300: (42.0,), 380: (42.0, 100.0)}


def exposure(folder, name="M1_P53.tif"):
    """Chemiluminescence: a pale membrane on a dark field, without its ladder."""
    picture = np.full((540, 600), 300.0)
    picture[TOP : TOP + HEIGHT, LEFT : LEFT + WIDTH] = 2500 + 20000 * bands(SAMPLES)
    picture += np.random.default_rng(300).normal(0, 30, picture.shape)
    tifffile.imwrite(folder / name, np.clip(picture, 0, 65535).astype(np.uint16))
    return folder / name


def photograph(folder, scale, angle, shift=(0.0, 0.0), name="photo.png"):
    """The membrane, white, on a dark bench at another scale and turned, the ladder dark on it."""
    scene = np.full((HEIGHT + 120, WIDTH + 140), 60, np.float32)
    scene[TOP : TOP + HEIGHT, LEFT : LEFT + WIDTH] = 230 - 140 * bands({60: KDA})
    rows, cols = scene.shape
    turn = cv2.getRotationMatrix2D((cols / 2, rows / 2), -angle, scale)
    size = (int(cols * scale * 1.15), int(rows * scale * 1.15))
    turn[:, 2] += np.array(size) / 2 - (cols / 2, rows / 2) + shift
    seen = cv2.warpAffine(scene, turn, size, flags=cv2.INTER_AREA, borderValue=60)
    seen += np.random.default_rng(301).normal(0, 1.5, seen.shape)
    cv2.imwrite(str(folder / name), np.clip(seen, 0, 255).astype(np.uint8))


@pytest.mark.parametrize(("scale", "angle"), [(1.5, 2.5), (0.8, -1.5)])
def test_weights_are_read_off_a_photograph_at_another_scale_and_turned(tmp_path, scale, angle):
    file = exposure(tmp_path)
    photograph(tmp_path, scale, angle, shift=(7.0, -9.0))
    (blot,) = bq.load(file)
    result = bq.analyze(blot, bq.Recipe.of(ladder=LADDER, ladder_image="photo.png"))
    seen = result.table[~result.table["flags"].str.contains("BELOW_DETECTION")]
    near = [min((42.0, 100.0), key=lambda kda: abs(kda - mw)) for mw in seen["mw_kda"]]
    assert len(seen) == 7
    assert seen["mw_kda"].to_numpy(float) == pytest.approx(near, rel=0.025)
    (said,) = [line for line in result.warnings if "photo.png" in line]
    assert f"scale {scale:.2f}" in said
    found = float(said.split("turned by ")[1].split()[0])
    assert found == pytest.approx(angle, abs=0.15)


def test_the_membrane_of_the_name_takes_its_own_photograph(tmp_path):
    (blot,) = bq.load(exposure(tmp_path))
    photograph(tmp_path, 1.2, 1.0, name="M1_ladder.png")
    named = bq.Recipe.of(ladder=LADDER, ladder_image="{membrane}_ladder.png")
    assert bq.analyze(blot, named).table["mw_kda"].notna().any()


def test_another_exposure_of_one_size_is_laid_on_by_its_lanes(tmp_path):
    """No outline in either: the long exposure shows the ladder, 6 px to the right."""
    rng = np.random.default_rng(300)
    for name, columns, shift in (
        ("M1_P53.tif", SAMPLES, 0),
        ("long.tif", {60: KDA} | SAMPLES, 6),
    ):
        picture = 2500 + 20000 * np.roll(bands(columns), shift, axis=1)
        picture += rng.normal(0, 30, picture.shape)
        tifffile.imwrite(tmp_path / name, picture.astype(np.uint16))
    (blot,) = bq.load(tmp_path / "M1_P53.tif")
    result = bq.analyze(blot, bq.Recipe.of(ladder=LADDER, ladder_image="long.tif"))
    seen = result.table[~result.table["flags"].str.contains("BELOW_DETECTION")]
    near = [min((42.0, 100.0), key=lambda kda: abs(kda - mw)) for mw in seen["mw_kda"]]
    assert seen["mw_kda"].to_numpy(float) == pytest.approx(near, rel=0.03)


def test_a_study_names_the_photograph_of_a_membrane():
    study = bq.Study.parse({"membrane": [{"id": "M1", "ladder_image": "a.jpg"}]})
    recipe = bq.Recipe.of(ladder="none")
    assert with_ladder_of(recipe, study, "M1").ladder.image == "a.jpg"
    assert with_ladder_of(recipe, study, "M2") == recipe


def test_what_stands_in_the_way_is_one_line(tmp_path):
    (blot,) = bq.load(exposure(tmp_path))
    recipe = bq.Recipe.of(ladder=LADDER, ladder_image="photo.png")
    with pytest.raises(RecipeError, match=r"no file 'photo\.png' beside M1_P53\.tif"):
        bq.analyze(blot, recipe)
    cv2.imwrite(str(tmp_path / "photo.png"), np.full((300, 300), 200, np.uint8))
    result = bq.analyze(blot, recipe)
    (said,) = [line for line in result.warnings if "photo.png" in line]
    assert "no kDa is given" in said
    assert "\n" not in said
    assert result.table["mw_kda"].isna().all()


def corners(height, width, angle=0.0, scale=1.0, middle=(300.0, 400.0)):
    places = np.array([(-height, -width), (-height, width), (height, width), (height, -width)])
    turn = np.radians(angle)
    rows = scale * (places[:, 0] * np.cos(turn) + places[:, 1] * np.sin(turn)) / 2
    cols = scale * (places[:, 1] * np.cos(turn) - places[:, 0] * np.sin(turn)) / 2
    return list(zip((rows + middle[0]).tolist(), (cols + middle[1]).tolist(), strict=True))


@pytest.mark.parametrize("angle", [-3.0, 0.0, 2.0])
def test_corners_lie_on_each_other(angle):
    one, other = corners(200, 300), corners(200, 300, angle, 1.7, (500.0, 450.0))
    fit = fit_corners(one, other)
    assert (fit.scale, fit.angle) == pytest.approx((1.7, angle), abs=1e-6)
    for here, there in zip(one, other, strict=True):
        assert fit(*here) == pytest.approx(there, abs=1e-6)
    with pytest.raises(LayoutError, match="another shape"):
        fit_corners(one, corners(260, 300))
    assert not has_outline(Panel("p"), (600, 800))
