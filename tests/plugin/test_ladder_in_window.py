"""Sizes of the ladder beside its bands, and what is said of doubtful lanes."""

from dataclasses import replace

import numpy as np
import pytest

import blotquant as bq

pytestmark = pytest.mark.usefixtures("gui")
KDA = (200.0, 100.0, 50.0, 25.0, 12.0)


@pytest.fixture
def gel(tmp_path):
    """A ladder whose rows fall with log size, and two lanes with one of its sizes."""
    import tifffile

    rows, cols = np.mgrid[:360, :300].astype(float)
    picture = 900 + np.random.default_rng(2).normal(0, 20, rows.shape)
    for column, sizes in ((60, KDA), (150, KDA[1:3]), (240, KDA[1:3])):
        for size in sizes:
            across = np.exp(-0.5 * ((cols - column) / 18) ** 8)
            picture += 9000 * np.exp(-0.5 * ((rows - row_of(size)) / 4) ** 2) * across
    path = tmp_path / "M1_P53.tif"
    tifffile.imwrite(path, picture.astype(np.uint16))
    return path


def row_of(kda):
    return 620 - 250 * np.log10(kda)


def test_the_ladders_sizes_stand_beside_its_bands_and_their_layer_can_be_hidden(open_window, gel):
    from blotquant_napari.traffic import light_of

    hand = open_window(gel)
    names = {layer.name for layer in hand.viewer.layers}
    assert "Ladder, kDa" not in names
    sizes = ",".join(f"{kda:g}" for kda in KDA)
    hand.document.set_recipe(bq.Recipe.of(hand.document.recipe, ladder=sizes))
    hand.document.select([hand.layout.lanes[0].id])
    hand.panel.act("ladder")
    layer = hand.viewer.layers["Ladder, kDa"]
    assert list(layer.features["kda"]) == [f"{kda:g}" for kda in KDA]
    np.testing.assert_allclose(layer.data[:, 0], [row_of(kda) for kda in KDA], atol=2)
    assert (layer.data[:, 1] < 60).all()
    layer.visible = False
    hand.panel.act("sample")
    assert len(layer.data) == 0
    assert not layer.visible
    # and the light says why the lanes are in doubt
    doubtful = tuple(replace(lane, confidence=0.2) for lane in hand.layout.lanes)
    hand.document.commit("doubt", hand.layout.replace(lanes=doubtful))
    colour, why = light_of(hand.document)
    assert colour == "yellow"
    assert "number of lanes" in why
