"""The Prism file: read back by pzfx, and its XML as Prism has it."""

import math
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import pzfx

from blotquant.study_report import prism_file


@pytest.fixture
def read(tmp_path):
    """Names of the tables in a file's bytes, and a function that reads one."""

    def reader(data):
        path = tmp_path / "results.pzfx"
        path.write_bytes(data)
        return pzfx.pzfx_tables(str(path)), lambda name: pzfx.read_pzfx(str(path), name)

    return reader


def renamed(study, **names):
    """Study with its groups renamed in every table."""
    tables = {
        name: getattr(study, name).replace({"group": names, "reference": names})
        for name in ("replicates", "summary", "statistics", "normalized")
    }
    return replace(study, **tables)


def test_replicates_stand_side_by_side(study, read):
    names, table = read(prism_file(study))
    assert names == [
        *("Normalized density", "log2 of normalized density"),
        "Relative to the mean of the reference group",
        *("P53", "p-ERK1/2"),
    ]
    grouped = table("Normalized density")
    assert list(grouped["ROWTITLE"]) == ["P53", "p-ERK1/2"]
    values = study.replicates.set_index(["target", "group", "replicate"])["value"]
    for group in ("control", "treated"):
        for replicate in "123":
            wanted = [values[target, group, replicate] for target in ("P53", "p-ERK1/2")]
            assert grouped[f"{group}_{replicate}"].tolist() == pytest.approx(wanted, rel=1e-9)


def test_the_other_tables_are_made_of_the_same_values(study, read):
    _, table = read(prism_file(study))
    plain = table("Normalized density").drop(columns="ROWTITLE")
    assert table("log2 of normalized density").drop(columns="ROWTITLE").to_numpy() == (
        pytest.approx(np.log2(plain.to_numpy()), abs=1e-8)
    )
    relative = table("Relative to the mean of the reference group")
    controls = relative[[f"control_{k}" for k in (1, 2, 3)]].to_numpy()
    assert controls.mean(axis=1) == pytest.approx(1)
    assert controls.std(axis=1).min() > 0  # one number for a target, not 1 for every replicate
    column = table("P53")
    assert column["control"].tolist() == pytest.approx(
        plain.loc[0, ["control_1", "control_2", "control_3"]].tolist()
    )


def test_the_xml_is_what_prism_expects(study):
    root = ET.fromstring(prism_file(study))
    assert root.tag == "GraphPadPrismFile"
    assert root.get("PrismXMLVersion") == "5.00"
    refs = [ref.get("ID") for ref in root.find("TableSequence")]
    tables = root.findall("Table")
    assert [table.get("ID") for table in tables] == refs
    assert [table.get("TableType") for table in tables] == ["TwoWay"] * 3 + ["OneWay"] * 2
    for table in tables:
        assert table.get("YFormat") == "replicates"
        (titles,) = table.findall("RowTitlesColumn/Subcolumn")
        for column in table.findall("YColumn"):
            found = column.findall("Subcolumn")
            assert str(len(found)) == column.get("Subcolumns") == table.get("Replicates")
            assert {len(one) for one in found} == {len(titles)}
    assert root.find("Info").get("ID") == root.find("InfoSequence/Ref").get("ID")


def test_names_are_written_as_they_are(study, read):
    odd = renamed(study, control="-80C <b>&\x07", treated="a*")
    names, table = read(prism_file(odd))
    assert "P53" in names
    columns = list(table("P53").columns)
    assert columns == ["ROWTITLE", "-80C <b>&", "a*"]


def test_below_detection_is_empty_and_named(study, read):
    rows = study.replicates.copy()
    rows.loc[0, ["below_detection", "limit"]] = [True, 0.125]
    data = prism_file(replace(study, replicates=rows))
    _, table = read(data)
    first = rows.iloc[0]
    cells = table("Normalized density").set_index("ROWTITLE")
    assert math.isnan(cells.loc[first["target"], f"{first['group']}_{first['replicate']}"])
    assert (
        f"{first['target']}, {first['group']}, replicate {first['replicate']} (at most 0.125)"
        in (data.decode())
    )


def test_independent_replicates_need_no_holes(study, read):
    rows = study.replicates.copy()
    rows["replicate"] = rows["group"].str[0] + rows["replicate"]
    independent = study.study.model_copy(update={"pairing": "independent"})
    _, table = read(prism_file(replace(study, replicates=rows, study=independent)))
    assert not table("Normalized density").isna().any(axis=None)
    assert len(table("Normalized density").columns) == 7


def test_a_study_without_results_has_no_tables(study, read):
    tables = {
        name: getattr(study, name).iloc[:0] for name in ("replicates", "summary", "statistics")
    }
    data = prism_file(replace(study, **tables))
    assert ET.fromstring(data).findall("Table") == []


def test_the_same_study_gives_the_same_bytes(study):
    assert prism_file(study) == prism_file(study)
    assert b"2025-01-02" in prism_file(study, created="2025-01-02T00:00:00+00:00")
