"""README and documentation hold: examples run, tables are the code's, links lead somewhere."""

import contextlib
import doctest
import importlib.util
import inspect
import io
import math
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import blotquant
from blotquant import (
    bands,
    comb,
    densitometry,
    errors,
    evidence,
    known_places,
    limits,
    membrane,
    pipeline,
    reduced,
    registry,
    tails,
    uncertainty,
    warp,
)
from blotquant.batch.place import FIXED_FILES
from blotquant.signal import MAX_OPTICAL_DENSITY
from blotquant.study import Study

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
BIN = Path(sys.executable).parent
# Other programs in the examples: they set up a machine, which a test must not do.
NOT_OURS = ("make", "pip", "python", "git", "source", "cd", "pytest")
COUNTS_NOTHING = ("hand-lanes.md",)  # its runs take a smaller study as well
MARK = re.compile(r"<!-- (not run|exit code (?P<code>\d+)): (?P<why>.+?) -->")
FENCE = re.compile(
    r"^(?P<pad> *)```(?P<kind>\w+)[^\n]*\n(?P<text>.*?)^(?P=pad)```\s*$", re.DOTALL | re.MULTILINE
)

SENSITIVITY = blotquant.Recipe().finding.sensitivity
LEAN = math.degrees(math.atan(warp._MAX_LEAN))


def page_id(path):
    return path.relative_to(ROOT).as_posix()


@pytest.fixture(scope="module")
def generate():
    """The script that writes the tables."""
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# ---- examples -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Example:
    """One fenced block: its kind, text and first line, and what is shown as its output."""

    kind: str
    text: str
    line: int
    mark: str = ""
    exit_code: int = 0
    output: str | None = None


def examples(path):
    """Blocks of a page that are run, in order; a ``text`` block right below is the output."""
    page = path.read_text(encoding="utf-8")
    found = []
    for match in FENCE.finditer(page):
        above = page[: match.start()].rstrip("\n")
        mark = MARK.fullmatch(above.rpartition("\n")[2].strip())
        text = inspect.cleandoc(f"\n{match['text']}") + "\n"
        if match["kind"] == "text" and found and not page[found[-1][1] : match.start()].strip():
            example, _ = found[-1]
            found[-1] = Example(**{**vars(example), "output": text}), match.end()
            continue
        example = Example(
            match["kind"],
            text,
            page.count("\n", 0, match.start()) + 2,
            mark[1].partition(" ")[0] if mark else "",
            int(mark["code"] or 0) if mark else 0,
        )
        found.append((example, match.end()))
    return [example for example, _ in found]


def commands(text):
    """Commands of a console block and what is shown below each (None: nothing is shown)."""
    if not any(line.startswith("$ ") for line in text.splitlines()):
        return [(line, None) for line in text.splitlines() if line and line[0] not in "# "]
    pairs = []
    for line in text.splitlines():
        if line.startswith("$ "):
            pairs.append((line[2:], []))
        elif pairs:
            pairs[-1][1].append(line)
    return [(command, "\n".join(lines) if lines else None) for command, lines in pairs]


def assert_shown(shown, got, where):
    """What the page shows is what came; ``...`` stands for anything."""
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    same = doctest.OutputChecker().check_output(shown.strip() + "\n", got.strip() + "\n", options)
    assert same, f"{where} shows\n{shown}\nbut it gives\n{got}"


def run_python(example, namespace, where):
    padded = "\n" * (example.line - 1) + example.text  # so that a traceback has the page's lines
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(padded, where, "exec"), namespace)
    if example.output is not None:
        assert_shown(example.output, out.getvalue(), f"{where}:{example.line}")


@contextlib.contextmanager
def one_core():
    """What is started in here sees one core: a second worker would import all anew."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def run_console(example, where):
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "80"}
    for command, shown in commands(example.text):
        program = command.split()[0]
        if program in NOT_OURS:
            continue
        assert program == "blotquant", f"{where}:{example.line}: {program} is not known here"
        with one_core():
            done = subprocess.run(
                command,
                shell=True,
                capture_output=True,
                encoding="utf-8",
                env=environment,
                timeout=120,
                check=False,
            )
        said = done.stdout + done.stderr
        assert done.returncode == example.exit_code, f"{where}: {command}\n{said}"
        if shown is not None:
            assert_shown(shown, said, f"{where}: {command}")


def made_smaller(folder):
    """Leave one target and its control in the study: what a page says of no number of images."""
    study = Study.from_toml(folder / "study.toml")
    image = tuple(one for one in study.image if one.target in ("P53", "b-actin"))
    assert {one.role for one in image} == {"target", "loading_control"}
    for path in set(folder.glob("*.tif")) - {folder / one.file for one in image}:
        path.unlink()
    text = study.model_copy(update={"image": image}).to_toml()
    (folder / "study.toml").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    "path",
    [p for p in PAGES if any(e.kind in ("python", "console", "sh") for e in examples(p))],
    ids=page_id,
)
def test_examples_run(path, tmp_path, monkeypatch):
    """Every example of a page, in order, in one folder and one namespace."""
    shutil.copytree(ROOT / "test_images" / "study", tmp_path / "test_images" / "study")
    if path.name in COUNTS_NOTHING:
        made_smaller(tmp_path / "test_images" / "study")
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "example"}
    for example in examples(path):
        if example.mark == "not":
            continue
        if example.kind == "python":
            run_python(example, namespace, page_id(path))
        elif example.kind in ("console", "sh"):
            run_console(example, page_id(path))


@pytest.mark.parametrize("path", PAGES, ids=page_id)
def test_marks_stand_above_a_block(path):
    """A mark that has lost its block says nothing."""
    page = path.read_text(encoding="utf-8")
    for match in MARK.finditer(page):
        assert re.match(r"\n *```(python|console|sh)\b", page[match.end() :]), match[0]


# ---- tables -------------------------------------------------------------------------------------


def test_generated_tables_are_the_codes(generate):
    """`docs/generate.py` has nothing to change."""
    pages = generate.pages()
    assert {"output.md", "flags.md", "recipe.md", "cli.md"} <= {page.name for page in pages}
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert generate.filled(text) == text, f"run .venv/bin/python docs/generate.py ({page})"


def test_every_table_stands_somewhere(generate):
    """A table that no page holds would be missed by the test above."""
    text = "".join(page.read_text(encoding="utf-8") for page in generate.pages())
    for name in generate.TABLES:
        assert f"<!-- generated: {name} -->" in text


def test_every_output_file_is_explained():
    page = (DOCS / "reference" / "output.md").read_text(encoding="utf-8")
    for name in (*FIXED_FILES, "overlays/", "layouts/", "previous/"):
        assert f"`{name}" in page, name


def test_every_background_is_explained():
    page = (DOCS / "explanation" / "background.md").read_text(encoding="utf-8")
    for name in registry.names("backgrounds"):
        if registry.get("backgrounds", name).__module__ == "blotquant.background":
            assert re.search(rf"^## .*`{name}`", page, re.MULTILINE), name


def test_every_public_name_is_in_the_reference():
    page = (DOCS / "reference" / "api.md").read_text(encoding="utf-8")
    for name in blotquant.__all__:
        if name != "__version__":
            home = getattr(blotquant, name).__module__
            assert re.search(rf"^::: blotquant\.[\w.]*\b{name}$", page, re.MULTILINE), (name, home)
    for name in errors.__all__:
        assert f"::: blotquant.errors.{name}" in page, name


NUMBERS = [
    ("explanation/uncertainty.md", "({:g} · net)", uncertainty.TAIL_ERROR),
    ("explanation/uncertainty.md", "({:g} · net)", uncertainty.LOSSY_ERROR),
    ("explanation/uncertainty.md", "({:g} · q", uncertainty.ROUNDED_ALIKE),
    ("explanation/uncertainty.md", "[{:g} · E", uncertainty.LATERAL_ERROR),
    ("explanation/uncertainty.md", "(1 + {:g} · E", uncertainty.LATERAL_RISE),
    ("explanation/uncertainty.md", "+ {:g}² (B", uncertainty._BEYOND),
    ("explanation/uncertainty.md", "comes on top times {:g}", uncertainty._MISSED),
    ("explanation/background.md", "between {:g} %", 100 * tails._LEAST),
    ("explanation/background.md", "and {:g} % of the band's peak", 100 * tails._MOST),
    ("explanation/finding.md", "({:g} % of its top", 100 * comb._FOOT),
    ("explanation/finding.md", "as far as {:g} % of all edges", 100 * comb._MOST_FEET),
    ("explanation/uncertainty.md", "({:g} · h)", uncertainty.LIMIT_ERROR),
    ("explanation/uncertainty.md", "`finding.sensitivity` ({:g} by default)", SENSITIVITY),
    ("explanation/conventions.md", "log10(clear / grey level), at most {:g}", MAX_OPTICAL_DENSITY),
    ("explanation/conventions.md", "at least about {:g} standard deviations", limits._REACH),
    ("explanation/finding.md", "at least {:g} % of the picture", 100 * membrane._MIN_SHARE),
    ("explanation/finding.md", "smaller than {:g} % of the largest", 100 * membrane._LIKE),
    ("explanation/finding.md", "as thin as {:g} % of the picture", 100 * membrane._LEAST_STRIP),
    ("explanation/finding.md", "and {:g} % of the largest", 100 * membrane._LIKE_STRIPS),
    ("explanation/finding.md", "up to {:g}, together", membrane._MOST_STRIPS),
    ("explanation/finding.md", "come down to {:g} % of its peak", 100 * limits._FOOT),
    ("explanation/finding.md", "reduced to {:g} to", reduced._WORKING_SIDE),
    ("explanation/finding.md", "nothing narrower than {:g} px", evidence._SPECK),
    ("explanation/finding.md", "{:g} to", bands._SIGMAS[0]),
    ("explanation/finding.md", "to {:g} px, runs along the profile", bands._SIGMAS[-1]),
    ("explanation/finding.md", "safe with {:g} of", known_places._SINGLE_LOOK),
    ("explanation/conventions.md", "less than {:g} of its own limit", densitometry._SEEN),
    ("explanation/finding.md", "by more than about {:.0f} degrees", LEAN),
    (
        "explanation/finding.md",
        "below {:g} it is flagged `LOW_CONFIDENCE`",
        pipeline.LOW_CONFIDENCE,
    ),
]


@pytest.mark.parametrize(("page", "words", "value"), NUMBERS)
def test_numbers_in_the_text_are_the_codes(page, words, value):
    text = " ".join((DOCS / page).read_text(encoding="utf-8").split())
    assert words.format(value) in text


# ---- links --------------------------------------------------------------------------------------


def without_code(page):
    return re.sub(r"`[^`\n]*`", "", FENCE.sub("", page))


def anchors(path):
    """Names of the headings of a page, as mkdocs and code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", path.read_text(encoding="utf-8")), re.M)
    plain = (re.sub(r"[^\w\s-]", "", heading).strip().lower() for heading in headings)
    return {re.sub(r"[-\s]+", "-", heading) for heading in plain}


@pytest.mark.parametrize("path", PAGES, ids=page_id)
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(path.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        page = (path.parent / file).resolve() if file else path
        assert page.exists(), f"{page_id(path)}: {target}"
        if anchor and page.suffix == ".md":
            assert anchor in anchors(page), f"{page_id(path)}: {target}"


def test_every_page_is_in_the_navigation():
    nav = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("nav:")[2]
    for path in PAGES[1:]:
        assert path.relative_to(DOCS).as_posix() in nav


@pytest.mark.slow
def test_the_site_builds_without_a_warning(tmp_path):
    pytest.importorskip("mkdocs", reason="the documentation's libraries are not installed")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", tmp_path],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONWARNINGS": "default"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "reference" / "output.html").is_file()
