"""The contact sheet: the right number over the right lane, all membranes, letters to be read."""

import sys
from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest

from blotquant.figures import contact_sheet
from blotquant.figures.palette import LADDER, bgr
from blotquant.model import Blot, Lane, Layout, Panel


def blot_of(lanes, rows=120, step=40):
    """Lanes that differ: lane n holds n bands."""
    pixels = np.full((rows, step * (lanes + 1)), 500, dtype=np.uint16)
    for lane in range(lanes):
        for band in range(lane + 1):
            row = 10 + band * 14
            pixels[row : row + 6, step * (lane + 1) - 12 : step * (lane + 1) + 12] = 30_000
    return Blot(pixels)


def layout_of(lanes, rows=120, step=40, **changes):
    return Layout(
        panels=(Panel("p"),),
        lanes=tuple(
            Lane(
                f"l{n}",
                "p",
                ((0, step * n), (rows - 1, step * n)),
                step * 0.8,
                **{key: values[n - 1] for key, values in changes.items()},
            )
            for n in range(1, lanes + 1)
        ),
    )


def picture(*args, **kwargs):
    return cv2.imdecode(np.frombuffer(contact_sheet(*args, **kwargs), np.uint8), cv2.IMREAD_COLOR)


@pytest.fixture
def written(monkeypatch):
    """Every text with its place."""
    module = sys.modules[contact_sheet.__module__]
    texts = []
    original = module._write

    def note(canvas, text, place, colour, size, weight=500):
        texts.append((text, place, colour, size, canvas.shape))
        original(canvas, text, place, colour, size, weight)

    monkeypatch.setattr(module, "_write", note)
    return texts


def test_each_number_stands_over_its_lane(written):
    blot, layout = blot_of(6), layout_of(6)
    sheet = picture([("M1", blot, layout)])
    numbers = [(text, place) for text, place, *_ in written if text.isdecimal()]
    assert [text for text, _ in numbers] == list("123456")
    found = []
    for _, (x, y) in numbers:
        column = sheet[round(y) + 20 :, round(x) + 8].mean(axis=1) < 90
        found.append(int(np.count_nonzero(np.diff(column.astype(int)) == 1)))
    assert found == [1, 2, 3, 4, 5, 6]


def test_every_membrane_is_there_with_its_file(written):
    blots = [(f"M{n}", blot_of(4), layout_of(4)) for n in range(1, 6)]
    picture(blots, "A study")
    texts = [text for text, *_ in written]
    assert [text for text in texts if text.startswith("M")] == ["M1", "M2", "M3", "M4", "M5"]
    assert "A study" in texts
    assert texts.count("4") == 5


def test_a_ladder_is_named_and_has_its_colour(written):
    kinds = ["ladder", "sample", "empty"]
    sheet = picture([("M1", blot_of(3), layout_of(3, kind=kinds, label=["", "drug", ""]))])
    colours = {text: colour for text, _, colour, *_ in written}
    assert colours["ladder"] == colours["1"] == LADDER
    assert {"empty", "drug"} <= set(colours)
    assert "sample" not in colours
    assert (sheet == bgr(LADDER)).all(axis=2).any()


@pytest.mark.parametrize("lanes", [1, 12, 30])
def test_letters_can_be_read_and_stay_on_the_sheet(written, lanes):
    kinds = ["reference"] * lanes
    picture([("M" * 200, blot_of(lanes), layout_of(lanes, kind=kinds, label=["β" * 90] * lanes))])
    for text, (x, y), _, size, (height, width, _) in written:
        assert size >= 12
        assert x >= 0
        assert 0 < y <= height
        assert len(text) < 80
        assert x < width
    numbers = [(x, size, text) for text, (x, _), _, size, _ in written if text.isdecimal()]
    assert len(numbers) == lanes
    assert len({size for _, size, _ in numbers}) == 1
    for (x, size, text), (after, *_) in pairwise(numbers):
        assert x + len(text) * 0.55 * size < after


def test_odd_pictures_are_drawn():
    flat = Blot(np.full((60, 50), 7, dtype=np.uint8))
    assert picture([("flat", flat, Layout())]).shape[1] == 1600
    assert picture([]).size
    tall = Blot(np.random.default_rng(1).integers(0, 900, (2000, 30)).astype(np.float32))
    outside = layout_of(1, rows=2600, step=20)
    assert picture([("tall", tall, outside), ("M", blot_of(2), layout_of(2))]).size


def test_the_same_study_gives_the_same_bytes():
    entry = ("M1", blot_of(3), layout_of(3))
    assert contact_sheet([entry]) == contact_sheet([entry])
    other = replace(entry[2].lanes[0], kind="ladder")
    changed = entry[2].replace(lanes=(other, *entry[2].lanes[1:]))
    assert contact_sheet([entry]) != contact_sheet([("M1", entry[1], changed)])
