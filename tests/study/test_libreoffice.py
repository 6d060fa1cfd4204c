"""A sheet that LibreOffice opened and saved, as XLSX and as CSV of another country, is the same."""

import shutil
import subprocess

import pandas as pd
import pytest

from blotquant.study import read_samples, write_samples

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        shutil.which("soffice") is None, reason="LibreOffice (soffice) is not on PATH"
    ),
]

GERMAN = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Setup/L10N"><prop oor:name="ooSetupSystemLocale"
 oor:op="fuse"><value>de-DE</value></prop></item></oor:items>
"""
SEMICOLONS = "59,34,UTF-8,1,,0,false,true,false"
SHEET = pd.DataFrame(
    {
        "membrane": ["M1"] * 5 + ["M2"],
        "lane": [1, 2, 3, 4, 5, 1],
        "sample": ["", "+", "-", "-80C", "=x", "@y"],
        "group": ["", "+", "-", "-80C", "=1+1", "β-actin"],
        "replicate": ["", "1", "2", "10", "-5", "a b"],
        "technical": ["", "a", "b", "", "'", "''"],
        "kind": ["ladder", *["sample"] * 4, "standard"],
        "use": [False, True, True, True, True, False],
        "dose": ["", "0.5", "-2.25", "1000", "0", "0.001"],
        "note": ["", "a;b", 'say "x"', "c,d", "0.5", "ü"],
        "time_h": ["24"] * 6,
    }
)
TEXTS = [name for name in SHEET if name not in ("lane", "use")]
SHEET = SHEET.astype(dict.fromkeys(TEXTS, "str"))


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    """Open a file in LibreOffice with German settings and save it as something else."""
    profile = tmp_path_factory.mktemp("profile")
    (profile / "user").mkdir()
    (profile / "user" / "registrymodifications.xcu").write_text(GERMAN, encoding="utf-8")

    def convert(path, folder, target, *more):
        command = ["soffice", f"-env:UserInstallation={profile.as_uri()}", "--headless", *more]
        command += ["--convert-to", target, "--outdir", str(folder), str(path)]
        run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        saved = folder / f"{path.stem}.{target.partition(':')[0]}"
        assert saved.is_file(), run.stdout + run.stderr
        return saved

    return convert


def saved_by(converted, tmp_path, written, target, *more):
    folder = tmp_path / "saved"
    return converted(write_samples(SHEET, tmp_path / written), folder, target, *more)


@pytest.mark.parametrize("written", ["samples.xlsx", "samples.csv"])
def test_saved_as_xlsx(converted, tmp_path, written):
    # A CSV in English, as `init` writes it: UTF-8, commas.
    more = ("--infilter=CSV:44,34,UTF-8,1,,1033",) if written.endswith("csv") else ()
    path = saved_by(converted, tmp_path, written, "xlsx", *more)
    pd.testing.assert_frame_equal(read_samples(path), SHEET)


@pytest.mark.parametrize("written", ["samples.xlsx", "samples.csv"])
def test_saved_as_csv_with_semicolons_and_decimal_commas(converted, tmp_path, written):
    more = ("--infilter=CSV:44,34,UTF-8,1,,1033",) if written.endswith("csv") else ()
    target = f"csv:Text - txt - csv (StarCalc):{SEMICOLONS}"
    path = saved_by(converted, tmp_path, written, target, *more)
    text = path.read_text("utf-8-sig")
    assert ";-2,25;" in text  # the numbers are German
    pd.testing.assert_frame_equal(read_samples(path), SHEET)
