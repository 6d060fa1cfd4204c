"""Everything that a study hands out beside its tables: figures, methods, checklist, Prism file."""

from __future__ import annotations

from pathlib import Path

from blotquant.files import write_atomically
from blotquant.outcome import RunOutcome
from blotquant.study_report.checklist import checklist, checklist_markdown
from blotquant.study_report.methods_text import methods_text
from blotquant.study_report.pictures import StudyFiles, write_figures
from blotquant.study_report.prism import prism_file

__all__ = ["STUDY_FILES", "write_study_report"]

# Beside those in figures/, whose names hold targets.
STUDY_FILES = (
    *("methods.md", "methods.txt", "checklist.md", "results.pzfx"),
    *("uncropped.pdf", "source_data.zip"),
)


def write_study_report(out: Path, run: RunOutcome) -> StudyFiles:
    """Write figures, ``methods.md``, ``methods.txt``, ``checklist.md`` and ``results.pzfx``.

    Parameters
    ----------
    out : Path
        Folder of the run's outputs.
    run : RunOutcome
        Nothing is written where it has no `study`.

    Returns
    -------
    StudyFiles
        What was written; what could not be is a warning.
    """
    if run.study is None:
        return StudyFiles()
    files = write_figures(out, run)
    with files.trying("methods.md"):
        text = methods_text(run)
        files.paths.append(write_atomically(out / "methods.md", text.markdown().encode("utf-8")))
        files.paths.append(write_atomically(out / "methods.txt", text.plain().encode("utf-8")))
    made = {path.name for path in files.paths}
    with files.trying("checklist.md"):
        rules = checklist_markdown(checklist(run, files.strips.strips, made))
        files.paths.append(write_atomically(out / "checklist.md", rules.encode("utf-8")))
    with files.trying("results.pzfx"):
        created = str(run.provenance.get("started", ""))
        data = prism_file(run.study, created=created)
        files.paths.append(write_atomically(out / "results.pzfx", data))
    return files
