"""What a run prints: a table for people, plain lines in a pipe, one JSON object for scripts."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from blotquant import __version__
from blotquant.columns import SCHEMA_VERSION
from blotquant.errors import BlotquantError
from blotquant.flags import Flag
from blotquant.outcome import MOST_SHOWN, ImageOutcome, RunOutcome

__all__ = ["as_json", "json_error", "stderr", "summary"]

_SHOWN_IMAGES = 60
_SHOWN_LINES = 15


@dataclass(frozen=True)
class _Line:
    """One image of the summary."""

    image: str
    lanes: int
    bands: int
    targets: tuple[str, ...]
    controls: tuple[str, ...]
    flagged: int


def stderr() -> Console:
    """Console for progress, which must not get into what is piped on."""
    return Console(stderr=True, highlight=False)


def summary(run: RunOutcome) -> None:
    """Print what came out: a line an image, warnings and failures, the report's path at the end."""
    terminal = sys.stdout.isatty()
    lines = list(_lines(run, run.measured[: _SHOWN_IMAGES if terminal else MOST_SHOWN]))
    if terminal:
        _print_table(lines)
    else:
        _print_plain(lines)
    _say_rest(len(run.measured) - len(lines), "images, all in bands.csv")
    _print_notes(run)
    for sentence in _answers(run)[:_SHOWN_IMAGES]:
        _write(sentence)
    counts = [
        f"{len(images)} {word}"
        for images, word in (
            (run.measured, "measured"),
            (run.skipped, "skipped"),
            (run.failed, "failed"),
        )
        if images or word == "measured"
    ]
    _write(f"{', '.join(counts)} (of {len(run.images)})")
    _write(f"report: {_place(run, 'report.html')}")


def _place(run: RunOutcome, name: str) -> str:
    """Where a file of a run lies."""
    return f"{run.url}/{name}" if run.url else str(run.out / name)


def as_json(run: RunOutcome, code: int) -> None:
    """Print the run as one JSON object."""
    by_image = {line.image: line for line in _lines(run, run.measured)}
    content = {
        "blotquant": __version__,
        "schema_version": SCHEMA_VERSION,
        "exit_code": code,
        "out": run.url or str(run.out),
        "report": _place(run, "report.html"),
        "measured": len(run.measured),
        "skipped": len(run.skipped),
        "failed": len(run.failed),
        "messages": list(run.messages),
        "answers": _answers(run),
        "images": [_image_entry(image, by_image.get(image.image)) for image in run.images],
        "files": sorted(run.provenance.get("files", {})),
    }
    sys.stdout.write(json.dumps(content, indent=1, allow_nan=False) + "\n")


def json_error(error: BlotquantError) -> None:
    """Print, as one JSON object, why there is no run."""
    content = {"blotquant": __version__, "exit_code": error.exit_code, "error": str(error)}
    sys.stdout.write(json.dumps(content, indent=1) + "\n")


def _lines(run: RunOutcome, images: Sequence[ImageOutcome]) -> Iterator[_Line]:
    """Counts of measured images, from the tables."""
    bands = run.bands_of([image.image for image in images])
    tables = {str(name): table for name, table in bands.groupby("image", sort=False)}
    controls: dict[str, set[str]] = {}
    pairs = run.normalized[["image", "loading_control"]].drop_duplicates()
    for image, control in pairs.itertuples(index=False):
        if isinstance(control, str) and control:
            controls.setdefault(str(image), set()).add(control)
    for image in images:
        table = tables.get(image.image, bands.iloc[:0])
        flags = [str(text) for text in table["flags"]]
        yield _Line(
            image=image.image,
            lanes=image.lane_count,
            bands=sum(str(Flag.BELOW_DETECTION) not in text.split(";") for text in flags),
            targets=tuple(dict.fromkeys(str(name) for name in table["target"] if name)),
            controls=tuple(sorted(controls.get(image.image, ()))),
            flagged=sum(bool(text) for text in flags),
        )


def _print_table(lines: Sequence[_Line]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("image", "lanes", "bands", "target", "loading control", "flagged bands"):
        number = heading in {"lanes", "bands", "flagged bands"}
        table.add_column(heading, justify="right" if number else "left", overflow="fold")
    for line in lines:
        cells = (
            line.image,
            str(line.lanes),
            str(line.bands),
            ", ".join(line.targets),
            ", ".join(line.controls),
            str(line.flagged or ""),
        )
        table.add_row(*(Text(cell) for cell in cells))
    if lines:
        Console(highlight=False).print(table)


def _print_plain(lines: Sequence[_Line]) -> None:
    for line in lines:
        words = [f"{line.image}: {_count(line.lanes, 'lane')}, {_count(line.bands, 'band')}"]
        if line.targets:
            words.append(f"target {', '.join(line.targets)}")
        if line.controls:
            words.append(f"loading control {', '.join(line.controls)}")
        if line.flagged:
            words.append(f"{line.flagged} flagged")
        _write("; ".join(words))


def _print_notes(run: RunOutcome) -> None:
    """Skipped and failed images with their reasons, then warnings, each text once."""
    for image in run.skipped[:_SHOWN_LINES]:
        _note("skipped", image.reason)
    _say_rest(len(run.skipped) - _SHOWN_LINES, "skipped images, all in skipped.csv")
    notes = [("note", text) for text in run.messages]
    for text, images in _warnings(run.measured).items():
        notes.append(("warning", f"{_some(images)}: {text}"))
    for kind, text in notes[:_SHOWN_LINES]:
        _note(kind, text)
    _say_rest(len(notes) - _SHOWN_LINES, "notes and warnings, all in report.html")
    for image in run.failed[:_SHOWN_LINES]:
        _note("error", image.reason)
    _say_rest(len(run.failed) - _SHOWN_LINES, "failed images, all in failures.csv")


def _answers(run: RunOutcome) -> list[str]:
    """What a study came to, a sentence for each comparison."""
    if run.study is None:
        return []
    from blotquant.html_report.sentences import conclusion, versus  # brings figures with it

    alpha = run.study.study.statistics.alpha
    rows = run.study.statistics.to_dict("records")
    compared = [{str(key): value for key, value in row.items()} for row in rows]
    compared = [row for row in compared if not row["effect"]]
    headings = {versus(row) for row in compared}
    return [
        conclusion(row, alpha).sentence
        if len(headings) == 1
        else f"{versus(row)}: {conclusion(row, alpha).sentence}"
        for row in compared
    ]


def _warnings(images: Sequence[ImageOutcome]) -> dict[str, list[str]]:
    """Images by warning: a hundred 8-bit images are one line."""
    found: dict[str, list[str]] = {}
    for image in images:
        for text in image.warnings:
            words = text.removeprefix(f"{image.image}: ").removeprefix(f"{image.path.name}: ")
            found.setdefault(words, []).append(image.image)
    return found


def _some(images: Sequence[str]) -> str:
    shown = ", ".join(images[:3])
    return shown if len(images) <= 3 else f"{shown} and {len(images) - 3} more"


def _image_entry(image: ImageOutcome, line: _Line | None) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "image": image.image,
        "path": str(image.path),
        "status": image.status,
        "error": image.error,
        "reason": image.reason,
        "warnings": list(image.warnings),
        "overlay": _text(image.overlay),
        "layout": _text(image.sidecar),
    }
    if line is not None:
        entry |= {
            "lanes": line.lanes,
            "bands": line.bands,
            "targets": list(line.targets),
            "loading_controls": list(line.controls),
            "flagged_bands": line.flagged,
        }
    return entry


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _say_rest(number: int, words: str) -> None:
    if number > 0:
        _write(f"... and {number} more {words}")


def _write(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _note(kind: str, text: str) -> None:
    sys.stderr.write(f"blotquant: {kind}: {' '.join(text.split())}\n")
    sys.stderr.flush()
