"""Names and texts that try to be more than that: of files, channels, targets and samples."""

import csv
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import openpyxl
import pytest
import tifffile

from blotquant.batch import analyze_folder
from blotquant.cli import main

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))
from parts.format_writers import licor_files, ome_tiff, tiff, zipped

SCRIPT = "<script>document.title='owned'</script>"
IMAGE = "<img src=x onerror=document.title='owned'>"
NAMES = [
    f"{SCRIPT[:8]}document.title='owned'<script>.tif",
    f"{IMAGE}.tif",
    "'onmouseover='document.title=1.tif",
    '"><svg onload=document.title=1>.tif',
    "=HYPERLINK(1).tif",
    "@SUM(1+1).tif",
    "-2+3+cmd|' calc'!A0.tif",
    "+1+cmd|' calc'!A0.tif",
    "line\nbreak\r.tif",
    "\ttab.tif",
    "\u202egpj.tif",
    "%s%n{0}{{7*7}}.tif",
    "$(touch owned).tif",
    "; touch owned;.tif",
    "-rf.tif",
    "CON.tif",
    "l" * 251 + ".tif",
    os.fsdecode(b"not\xff\xfeutf8.tif"),
]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")


def rows(path):
    """Rows of a CSV file by their headings."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def formulas(folder):
    """Cells of the CSV files that a spreadsheet would run, and of the workbook that it does run."""
    found = []
    for path in folder.glob("*.csv"):
        with path.open(newline="", encoding="utf-8-sig") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        found += [cell for cell in cells if re.match(r"[=@\t\r]|[+-].*[(|!]", cell, re.DOTALL)]
    book = openpyxl.load_workbook(folder / "results.xlsx")
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    return found + [cell.value for cell in cells if cell.data_type == "f"]


def browse(path, profile):
    """What a browser makes of the page, and what it complains of."""
    command = [
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        "--disable-quic", "--disable-background-networking", "--disable-component-update",
        "--disable-sync", "--no-first-run", f"--user-data-dir={profile}",
        "--enable-logging=stderr", "--virtual-time-budget=3000", "--dump-dom",
        Path(path).as_uri(),
    ]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)


class Handlers(HTMLParser):
    """Attributes by which an element would run a script."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found += [(tag, name) for name, _ in attrs if name.startswith("on")]


def assert_inert(report, tmp_path):
    seen = browse(report, tmp_path / "profile")
    title = re.search(r"<title>(.*?)</title>", seen.stdout)[1]
    assert title not in ("owned", "1")
    assert "blot quantification" in title
    assert "CONSOLE" not in seen.stderr
    handlers = Handlers()
    handlers.feed(seen.stdout)
    assert handlers.found == []


@pytest.fixture(scope="module")
def folder(root, tmp_path_factory):
    """A folder of hostile names, run; what channels and laboratories are called is hostile too."""
    folder = tmp_path_factory.mktemp("hostile")
    blot = 65535 - tifffile.imread(root / "test_images" / "study" / "M1_P53.tif")
    data = tiff([(blot, [])])
    for number, name in enumerate(NAMES):
        # one is no image: its name stands in failures.csv and in a sentence
        (folder / name).write_bytes(data if number % 3 else b"no image")
    (folder / "channels.tif").write_bytes(ome_tiff([blot, blot], ["=1+1", "&lt;b&gt;"], [1, 2]))
    scan = licor_files({"700": blot}, scan="<b>=1+1")
    (folder / "scan.zip").write_bytes(zipped(scan))
    analyze_folder(folder, out=folder / "results")
    return folder


def test_every_name_is_measured_or_told(folder):
    bands, failures = (rows(folder / "results" / f"{x}.csv") for x in ("bands", "failures"))
    measured = {row["image"].partition("#")[0] for row in bands}
    assert len(failures) == len(NAMES[::3])
    assert len(measured) == len(NAMES) - len(failures) + 2
    assert all("\n" not in row["reason"] for row in failures)


def test_no_name_is_a_formula(folder):
    assert formulas(folder / "results") == []


def test_no_name_leads_out_or_runs(folder):
    """Outputs stay in their folder, under names that every system takes."""
    assert not list(folder.rglob("owned*"))
    for path in (folder / "results").rglob("*"):
        assert not re.search(r'[<>:"|?*\\\n\r\t]', path.name), path.name
        assert len(os.fsencode(path.name)) <= 255


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH to open the report with")
def test_the_report_runs_no_name(folder, tmp_path):
    assert_inert(folder / "results" / "report.html", tmp_path)


LONG = 300 * "l"  # no file can have such a name, and pathlib raises over it


@pytest.mark.parametrize(
    "words",
    [
        ["run", f"{LONG}.tif"],
        ["run", LONG],
        ["run", "{blot}", "--output", LONG],
        ["run", "{blot}", "--layouts", LONG],
        ["run", "{blot}", "--recipe", LONG],
        ["check", f"{LONG}.tif"],
        ["check", LONG],
        ["init", LONG],
        ["linearity", f"{LONG}.tif", "--loads", LONG],
    ],
    ids=lambda words: " ".join(words).replace(LONG, "long"),
)
def test_a_name_longer_than_any_file_has(root, tmp_path, monkeypatch, capsys, words):
    monkeypatch.chdir(tmp_path)
    blot = str(root / "test_images" / "study" / "M1_P53.tif")
    assert main([word.format(blot=blot) for word in words]) not in (0, 1)
    said = capsys.readouterr().err
    assert LONG in said
    assert "internal error" not in said


@pytest.mark.parametrize("folder", ["blotquant", "plugins"])
def test_whether_there_is_a_file_is_asked_in_one_place(root, folder):
    """pathlib's own way raises over a long name; entries of a folder or a zip cannot have one."""
    asked = re.compile(r"(?<!entry)\.(is_file|is_dir|exists)\(\)")
    code = {path: path.read_text(encoding="utf-8") for path in (root / folder).rglob("*.py")}
    assert [path for path, text in code.items() if asked.search(text)] == []


@pytest.fixture(scope="module")
def study(root, tmp_path_factory):
    """The test study with targets, groups and samples that are scripts and formulas."""
    folder = tmp_path_factory.mktemp("study")
    for path in (root / "test_images" / "study").iterdir():
        shutil.copy(path, folder)
    toml = (folder / "study.toml").read_text(encoding="utf-8")
    toml = toml.replace('target = "P53"', f'target = "{SCRIPT}"')
    toml = toml.replace('target = "PTEN"', "target = \"-2+cmd|' calc'!A0\"")
    (folder / "study.toml").write_text(toml, encoding="utf-8")
    with (folder / "samples.csv").open(newline="", encoding="utf-8-sig") as file:
        cells = list(csv.reader(file))
    at = cells[0].index("sample")
    for row in cells[1:]:
        row[at] = f"{IMAGE}{row[at]}" if row[at] else ""
    with (folder / "samples.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(cells)
    analyze_folder(folder, out=folder / "results")
    return folder


def test_a_study_of_hostile_words_is_measured(study):
    targets = {row["target"] for row in rows(study / "results" / "normalized.csv")}
    assert {SCRIPT, "'-2+cmd|' calc'!A0"} <= targets
    assert formulas(study / "results") == []


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH to open the report with")
def test_the_report_of_a_study_runs_no_word(study, tmp_path):
    assert_inert(study / "results" / "report.html", tmp_path)
