"""What comes from a file is data: nothing unpickles, evaluates, starts a program or calls out."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = [*(ROOT / "blotquant").rglob("*.py"), *(ROOT / "plugins").rglob("*.py")]
# Modules that run what they read, or reach out of the process.
FORBIDDEN = {
    *("pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "joblib", "yaml"),
    *("subprocess", "pty", "socket", "ssl", "ftplib", "telnetlib", "smtplib", "xmlrpc"),
    *("urllib.request", "http.client", "requests", "httpx", "urllib3", "aiohttp", "pooch"),
    *("xml.sax", "xml.dom", "xml.parsers", "lxml"),
}
CALLS = {"eval", "exec", "compile", "__import__", "breakpoint"}
ATTRIBUTES = {
    *(("os", name) for name in ("system", "popen", "execv", "execvp", "spawnv", "startfile")),
    *(("np", name) for name in ("load", "save", "DataSource")),
    *(("pd", name) for name in ("read_pickle", "eval", "read_html")),
    *(("ElementTree", name) for name in ("parse", "fromstring", "iterparse", "XML", "XMLParser")),
}


def name(path):
    return path.relative_to(ROOT).as_posix()


def imported(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield from ((node.module, alias.name) for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_no_module_can_run_what_it_reads(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for module, what in imported(tree):
        for spelt in (module, f"{module}.{what}"):
            parts = spelt.split(".")
            assert not {".".join(parts[:n]) for n in (1, 2)} & FORBIDDEN, spelt
        # parsing is defusedxml's; from here come the type of an element, and writing
        assert not module.startswith("xml.") or what in ("Element", "ElementTree"), what
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in CALLS, f"{name(path)}:{node.lineno}"
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert (node.value.id, node.attr) not in ATTRIBUTES, f"{name(path)}:{node.lineno}"


AUDIT = """
import sys, tempfile
from pathlib import Path
sys.path.insert(0, {benchmarks!r})
from parts.fuzz_readers import read_spoilt
from parts.sound_files import sound_files
sound = sound_files(Path({real!r}))
folder = Path(tempfile.mkdtemp())
for one in sound:  # libraries are imported before anybody listens
    read_spoilt(one, one.files, folder / "case")
heard = []
watched = ("subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.startfile",
           "socket.", "pickle.", "marshal.", "urllib.", "ftplib.", "http.", "webbrowser.",
           "ctypes.dlopen", "code.__new__")
sys.addaudithook(lambda event, args: heard.append(event) if event.startswith(watched) else None)
for one in sound:
    assert read_spoilt(one, one.files, folder / "case").said == "read", one.name
assert len(sound) > 30
print(sorted(set(heard)))
"""


def test_reading_starts_and_calls_nothing(tmp_path):
    """Python's own audit events while every kind of file is read once more."""
    code = AUDIT.format(
        benchmarks=str(ROOT / "tests" / "benchmarks"), real=str(ROOT.parent / "shared" / "real")
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.stdout.strip() == "[]", done.stdout + done.stderr
