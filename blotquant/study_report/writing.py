"""Everything that a study hands out beside its tables: figures, methods, checklist, Prism file."""

from __future__ import annotations

from pathlib import Path

from blotquant.files import is_plain_file, write_atomically
from blotquant.outcome import RunOutcome
from blotquant.study import Study
from blotquant.study_report.checklist import checklist, checklist_markdown
from blotquant.study_report.methods_text import methods_text
from blotquant.study_report.pictures import StudyFiles, target_stems, write_figures
from blotquant.study_report.prism import prism_file

__all__ = ["planned_files", "shown_figures", "write_study_report"]

_TABLES = ("statistics", "replicates", "summary", "controls", "doses", "samples")
_FILES = (
    *("methods.md", "methods.txt", "checklist.md", "results.pzfx"),
    *("uncropped.pdf", "source_data.zip", "figures/legend.txt"),
)
_FIGURES = ("panel", "grid", "folds", "loading_controls")
_KINDS = ("svg", "pdf", "png")


def planned_files(study: Study) -> set[str]:
    """What a study's run writes beside the files of every run, as relative POSIX paths.

    Pages of a panel that is too high for one are known only when it is drawn.
    """
    figures = {f"figures/{name}" for name in _FIGURES}
    figures |= {f"figures/targets/{name}" for name in target_stems(study.targets()).values()}
    return {
        *(f"{name}.csv" for name in _TABLES),
        *_FILES,
        *(f"{name}.{kind}" for name in figures for kind in _KINDS),
    }


def shown_figures(out: Path, study: Study) -> dict[str, bytes]:
    """Figures for the report, by name: those of the study, and ``target:NAME`` for each target."""
    files = {name: f"figures/{name}.png" for name in _FIGURES}
    stems = target_stems(study.targets())
    files |= {f"target:{target}": f"figures/targets/{stem}.png" for target, stem in stems.items()}
    return {
        name: (out / file).read_bytes() for name, file in files.items() if is_plain_file(out / file)
    }


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
