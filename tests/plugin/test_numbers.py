"""The numbers on the screen are those of the export, also for a stain of all protein."""

import pandas as pd
import pytest

from blotquant import edit, measure, pipeline
from blotquant.simulate import BlotSpec, render, save

pytestmark = pytest.mark.usefixtures("gui")

EXACT = ("net_density", "net_density_err", "snr", "integrated_density", "background")


def cloudy_blot(folder, rows):
    """Lanes on a cloudy membrane: how far to trust a baseline is not what one lane would say."""
    spec = BlotSpec(shape=(500, 620), lanes=6, rows=rows, cloud=0.02, cloud_scale=40.0, peak=0.3)
    return save(render(spec, 11), folder, "M1_P53")


@pytest.fixture
def cloudy(tmp_path):
    return cloudy_blot(tmp_path / "blots", (0.3, 0.6))


@pytest.fixture
def document(gui, cloudy):
    from blotquant_napari.document import Document

    return Document.open(cloudy)


def shown(document):
    """What the table of results is of, in its order."""
    return [m for lane in document.shown.lanes for m in document.measurement(lane.id).bands]


def table_on_screen(document):
    """The cells of the table of results, as text."""
    from blotquant_napari.tables import BandTable

    table = BandTable()
    table.show_document(document)
    return [
        [table.data(table.index(row, column)) for column in range(table.columnCount())]
        for row in range(table.rowCount())
    ]


def assert_is(document, table):
    from blotquant_napari.profile_plot import number
    from blotquant_napari.tables import flag_names

    from blotquant.flags import Flag

    bands = shown(document)
    assert len(bands) == len(table) > 0
    for name in EXACT:
        assert [getattr(band, name) for band in bands] == pytest.approx(
            list(table[name]), rel=1e-9
        ), name
    for cells, (_, row) in zip(table_on_screen(document), table.iterrows(), strict=True):
        names = [] if pd.isna(row["flags"]) else row["flags"].split(";")
        flags = Flag.NONE
        for name in names:
            flags |= Flag[name]
        assert [cells[0], cells[1]] == [str(row["lane"]), str(row["band"])]
        assert cells[3].rstrip("*") == number(row["net_density"])
        assert cells[4] == number(row["net_density_err"])
        assert cells[6] == flag_names(flags)


def exported(document, tmp_path, role=""):
    result = measure(document.blot, document.shown, document.recipe, role=role)
    return pd.read_csv(result.to_csv(tmp_path / "bands.csv"))


def test_table_on_screen_is_bands_csv(open_window, tmp_path, monkeypatch):
    """One row of bands: that two rows could be the target is found out by a run, not here."""
    hand = open_window(cloudy_blot(tmp_path / "blots", (0.5,)))
    lane = hand.layout.lanes[2]
    row = 150.0
    hand.drag(row, float(lane.center(row)), right=8)
    assert hand.layout.lanes[2] != lane
    _, bands, _ = hand.export(tmp_path / "out", monkeypatch)
    assert bands["lane"].nunique() == len(hand.layout.lanes) > 3
    assert_is(hand.document, bands)


def test_errors_are_those_of_all_lanes_together(document, tmp_path):
    """Each lane by itself would say something else here, so the test above can fail."""
    apart = [
        band.net_density_err
        for lane in document.layout.lanes
        for band in pipeline.measure_lane(
            document.blot,
            lane,
            document.layout.bands_of(lane.id),
            document.recipe,
            lanes=document.layout.lanes,
        ).bands
    ]
    table = exported(document, tmp_path)
    assert list(table["net_density_err"]) != pytest.approx(apart, rel=0.01)
    assert_is(document, table)


def test_a_stain_of_all_protein_is_read_beside_its_lanes(document, tmp_path):
    plain = [band.net_density for band in shown(document)]
    document.role = "total_protein"
    table = exported(document, tmp_path, "total_protein")
    assert set(table["background_method"]) == {"beside"}
    assert [band.net_density for band in shown(document)] != pytest.approx(plain, rel=1e-3)
    assert_is(document, table)
    document.role = "target"
    assert_is(document, exported(document, tmp_path))


@pytest.mark.parametrize("role", ["", "total_protein"])
def test_also_while_a_lane_is_dragged_and_after_undo(document, tmp_path, role):
    """What is kept from before the drag is right, beside the lane as well."""
    document.role = role
    start = document.layout
    lane = start.lanes[3].id
    shape = document.blot.shape
    for dcol in (3.0, 9.0, 14.0):
        document.preview(edit.move_lanes(start, [lane], dcol=dcol, shape=shape))
        assert_is(document, exported(document, tmp_path, role))
    document.commit("move lane 4", document.shown)
    assert_is(document, exported(document, tmp_path, role))
    document.commit("delete lane 1", edit.delete_lanes(document.layout, [start.lanes[0].id]))
    assert_is(document, exported(document, tmp_path, role))
    document.undo()
    document.undo()
    assert document.shown == start
    assert_is(document, exported(document, tmp_path, role))


def test_only_the_dragged_lane_and_those_beside_it_are_read_again(document, monkeypatch):
    shown(document)
    read = []
    honest = pipeline.read_layout_lane

    def counted(blot, layout, lane, recipe):
        read.append(lane.id)
        return honest(blot, layout, lane, recipe)

    monkeypatch.setattr(pipeline, "read_layout_lane", counted)
    start, lane = document.layout, document.layout.lanes[3].id
    document.preview(edit.move_lanes(start, [lane], dcol=4.0, shape=document.blot.shape))
    shown(document)
    again = list(read)
    assert lane in again
    assert set(again) <= {one.id for one in start.lanes[2:5]}, "the gaps beside them changed"
    document.preview(start)
    shown(document)
    assert read == again, "what was read before is known"


def test_turned_the_picture_is_measured_as_it_is_now(document, tmp_path):
    shown(document)
    document.turn("mirror")
    assert_is(document, exported(document, tmp_path))
    document.undo()
    assert_is(document, exported(document, tmp_path))
