"""What goes with the figures: the source data's ZIP, and the legend in words."""

import hashlib
import zipfile
from dataclasses import replace

import cv2
import numpy as np
import pytest

from blotquant.errors import OutputError
from blotquant.figures import (
    FigureOptions,
    Probe,
    SourceFile,
    WholeBlot,
    labelled_png,
    legend_text,
    representative,
    write_source_data,
)
from blotquant.figures.source_data import safe_names


@pytest.fixture
def files(tmp_path):
    found = []
    for folder, name, target in (
        ("a", "M1 β-actin.tif", "b-actin"),
        ("b", "M1 β-actin.tif", "P53"),
    ):
        path = tmp_path / folder / name
        path.parent.mkdir()
        path.write_bytes(f"{folder} {target}".encode() * 1000)
        found.append(SourceFile(path, "M1", target, "R1", lambda: b"png"))
    return found


class TestZip:
    def test_raw_files_are_there_byte_for_byte(self, files, tmp_path):
        with zipfile.ZipFile(write_source_data(tmp_path / "s.zip", files)) as archive:
            assert archive.testzip() is None
            for name, file in zip(("M1_beta-actin.tif", "M1_beta-actin-2.tif"), files, strict=True):
                assert archive.read(f"raw/{name}") == file.path.read_bytes()
                assert archive.read(f"labelled/{name}.png") == b"png"

    def test_the_readme_says_what_each_file_shows(self, files, tmp_path):
        with zipfile.ZipFile(write_source_data(tmp_path / "s.zip", files)) as archive:
            readme = archive.read("README.txt").decode()
        digest = hashlib.sha256(files[1].path.read_bytes()).hexdigest()
        assert f"M1_beta-actin-2.tif\tM1\tP53\tR1\t{digest}\n" in readme

    def test_a_file_with_two_targets_is_there_once(self, files, tmp_path):
        both = [files[0], replace(files[0], target="P53")]
        with zipfile.ZipFile(write_source_data(tmp_path / "s.zip", both)) as archive:
            assert len([name for name in archive.namelist() if name.startswith("raw/")]) == 1
            assert "b-actin; P53" in archive.read("README.txt").decode()

    def test_the_same_input_gives_the_same_bytes(self, files, tmp_path):
        first = write_source_data(tmp_path / "s.zip", files, {"b.csv": b"2", "a.csv": b"1"})
        files[0].path.touch()
        second = write_source_data(tmp_path / "t.zip", files, {"a.csv": b"1", "b.csv": b"2"})
        assert first.read_bytes() == second.read_bytes()

    def test_a_missing_file_is_named_and_nothing_is_written(self, files, tmp_path):
        files[0].path.unlink()
        with pytest.raises(OutputError, match=r"β-actin.tif is not there any more"):
            write_source_data(tmp_path / "s.zip", files)
        assert not (tmp_path / "s.zip").exists()

    def test_a_failure_half_way_leaves_nothing(self, files, tmp_path):
        def fails():
            raise KeyError("broken")

        with pytest.raises(KeyError):
            write_source_data(tmp_path / "out" / "s.zip", [replace(files[0], labelled=fails)])
        assert list((tmp_path / "out").iterdir()) == []

    @pytest.mark.parametrize(
        ("name", "safe"),
        [
            ("../../etc/passwd", "_.._etc_passwd"),
            ("C:\\x.tif", "C_x.tif"),
            ("CON.tif", "_CON.tif"),
            ("a b\n.tif", "a_b_.tif"),
            ("Å.tif", "A.tif"),
            ("", "file"),
            ("x" * 300 + ".tif", "x" * 70 + ".tif"),
        ],
    )
    def test_names_are_safe(self, name, safe):
        assert safe_names([name]) == [safe]

    def test_names_that_differ_in_case_are_told_apart(self):
        assert safe_names(["a.tif", "A.tif", "a.tif"]) == ["a.tif", "A-2.tif", "a-3.tif"]

    def test_a_labelled_blot_is_the_whole_picture(self, make):
        strip = make.strip(["a", "b"])
        whole = WholeBlot("x.tif", strip.blot, strip.layout, "M1", "R1", (strip,))
        picture = cv2.imdecode(np.frombuffer(labelled_png(whole), np.uint8), cv2.IMREAD_COLOR)
        assert picture.shape[1] == pytest.approx(180 / 25.4 * 200, abs=2)
        assert labelled_png(whole) == labelled_png(whole)


class TestLegend:
    def legend(self, make, options=None, **more):
        groups = ["ctrl"] * 2 + ["drug"] * 2
        tables = make.tables(
            make.values(["ctrl", "drug"], ["P53"]), "ctrl", p={("P53", "drug"): 0.003}
        )
        strips = [make.strip(groups, **more.pop("strip", {})), make.strip(groups, "b-actin")]
        return legend_text(tables, strips, options, **more)

    def test_n_test_and_stars(self, make):
        text = self.legend(make, replicate_unit="independent culture")
        assert (
            "Each dot is one biological replicate (independent culture); n = 5 in each group."
            in text
        )
        assert "Bars and error bars: mean ± SD." in text
        assert "Tests: ratio-paired t, Holm-Sidak over 2 comparisons." in text
        assert "** p < 0.01" in text
        assert "the spread of that group is kept" in text

    def test_exact_p_needs_no_stars(self, make):
        text = self.legend(make, FigureOptions(exact_p=True))
        assert "****" not in text

    def test_a_log_axis_is_said(self, make):
        text = self.legend(make, FigureOptions(log_axis=True))
        assert "geometric mean and 95 % confidence interval" in text
        assert "SD" not in text

    def test_grey_levels_are_stated(self, make):
        from blotquant.figures.strip import cut_strip

        cut = cut_strip(make.strip(["ctrl"] * 2 + ["drug"] * 2))
        assert f"P53 {cut.white:.6g} and {cut.black:.6g}" in self.legend(make)

    def test_exposure_and_antibodies(self, make):
        probes = [Probe("P53", "DO-1 (Acme)", "1:1000", "AB_628082")]
        text = self.legend(make, probes=probes)
        assert "P53: DO-1 (Acme), 1:1000, RRID:AB_628082, exposure 30 s." in text
        assert "b-actin: exposure 30 s." in text

    def test_splices_excluded_lanes_and_short_crops(self, make):
        strip = {
            "count": 6,
            "lanes": [1, 2, 4, 5],
            "excluded": frozenset({"l4"}),
            "shape": (60, 640),
        }
        text = self.legend(make, strip=strip, reasons=["Lane 3: bubble"])
        assert "Dashed lines mark where lanes that are not neighbours" in text
        assert "×, lane 3 of P53 left out of the numbers. Lane 3: bubble." in text
        assert "ends less than 5 band heights from the bands of P53" in text

    def test_the_rule_that_chose_the_blot(self, make):
        tables = make.tables(make.values(["ctrl", "drug"], ["P53"]), "ctrl")
        shown = representative(tables.replicates, "ctrl")
        assert f"Blots shown: {shown.rule}." in self.legend(make, representative=shown)

    def test_what_was_not_tested_says_why(self, make):
        tables = make.tables(make.values(["ctrl", "drug"], ["P53"], n=2), "ctrl", verdict="refused")
        text = legend_text(tables)
        assert "P53, drug against ctrl: not tested: 2 replicates." in text
        assert "Tests:" not in text

    def test_unequal_n(self, make):
        values = {"P53": {"ctrl": [1.0, 1.2, 0.9], "drug": [2.0, 2.2]}}
        text = legend_text(make.tables(values, "ctrl", pairing="independent"))
        assert "n = 3 (ctrl), 2 (drug)" in text
        assert "Lines join" not in text
