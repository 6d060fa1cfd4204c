"""Write the tables of the documentation that come from the code, between their markers.

Run by hand after a column, flag, setting, option or error has changed:

    .venv/bin/python docs/generate.py

tests/test_docs.py fails where a page does not say what the code says.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, get_args, get_type_hints

import typer
from blotquant_napari.keys import KEYS
from pydantic import BaseModel

from blotquant import errors, names, registry
from blotquant.cli.app import app
from blotquant.columns import (
    BAND_COLUMNS,
    CONTROL_COLUMNS,
    DOSES_COLUMNS,
    FITNESS_COLUMNS,
    INTEGRITY_COLUMNS,
    LANE_COLUMNS,
    LINEARITY_COLUMNS,
    NORMALIZED_COLUMNS,
    REPLICATES_COLUMNS,
    STATISTICS_COLUMNS,
    SUMMARY_COLUMNS,
    Column,
)
from blotquant.flags import FLAG_MEANING
from blotquant.ladder import ladders
from blotquant.recipe import Recipe
from blotquant.report import PROBLEM_COLUMNS
from blotquant.simulate import KINDS
from blotquant.study import SAMPLE_COLUMNS, Study

DOCS = Path(__file__).resolve().parent
_BLOCK = re.compile(
    r"(<!-- generated: (?P<name>[\w ]+) -->\n)(?P<text>.*?)(<!-- end of generated -->)", re.DOTALL
)


def filled(text: str) -> str:
    """A page with what stands between its markers written anew."""
    return _BLOCK.sub(lambda m: f"{m[1]}\n{TABLES[m['name']]()}\n{m[4]}", text)


def pages() -> list[Path]:
    """Pages that hold generated tables."""
    return [path for path in sorted(DOCS.rglob("*.md")) if _BLOCK.search(path.read_text("utf-8"))]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|") or " "


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _columns(columns: Sequence[Column]) -> str:
    head = ["column", "type", "unit", "meaning", "also called"]
    return _table(head, ([_code(c.name), *map(_prose, c[1:])] for c in columns))


def _prose(text: str) -> str:
    """Text of the code as prose: names of columns and files are set as code."""
    known = {column.name for column in (*BAND_COLUMNS, *LANE_COLUMNS, *NORMALIZED_COLUMNS)}
    words = re.split(r"(\b\w+_\w+\b)", text)
    return "".join(_code(word) if word in known else word for word in words)


def _flags() -> str:
    rows = ([_code(str(flag)), _prose(text)] for flag, text in FLAG_MEANING.items())
    return _table(["flag", "meaning"], rows)


def _settings(section: str) -> str:
    model = Recipe.model_fields[section].annotation
    rows = []
    for key, field in model.model_fields.items():
        extra = field.json_schema_extra or {}
        allowed = _allowed(model.model_json_schema()["properties"][key])
        unit = extra.get("unit", "")
        rows.append([_code(key), _default(field.default), allowed, unit, field.description])
    return _table(["setting", "default", "allowed", "unit", "meaning"], rows)


def _ladders() -> str:
    rows = (
        [ladder.name, ladder.maker, ", ".join(f"{size:g}" for size in ladder.kda)]
        for ladder in ladders()
    )
    return _table(["name", "maker", "sizes, kDa"], rows)


def _keys(model: type[BaseModel]) -> str:
    """Keys of the study file that stand in one block."""
    schema = model.model_json_schema()
    rows = []
    for key, field in model.model_fields.items():
        if field.description:
            usual = "must be given" if field.is_required() else _usual(field.default)
            part = schema["properties"][key]
            allowed = _code(str(part["const"])) if "const" in part else _allowed(part)
            rows.append([_code(key), usual, allowed, _prose(field.description)])
    return _table(["key", "default", "allowed", "meaning"], rows)


def _usual(value: Any) -> str:
    if isinstance(value, bool):
        return _code(str(value).lower())
    if isinstance(value, dict):
        return _code("{}")
    return "not said" if value is None else _default(value)


_BLOCKS = {
    name: next(iter(get_args(field.annotation)), field.annotation)
    for name, field in Study.model_fields.items()
    if not field.description
}


def _default(value: Any) -> str:
    if value is None:
        return "auto"
    if isinstance(value, tuple):
        return _code(str(list(value)))
    return _code(f'"{value}"' if isinstance(value, str) else str(value))


def _allowed(schema: dict[str, Any]) -> str:
    """What a setting may be, from its JSON schema."""
    options = [part for part in schema.get("anyOf", [schema]) if part.get("type") != "null"]
    (part,) = options
    if "enum" in part:
        return ", ".join(_code(f'"{value}"') for value in part["enum"])
    words = {"integer": "whole number", "number": "number", "string": "text", "array": "list"}
    words |= {"boolean": "`true`, `false`", "object": "table"}
    limits = [
        f"{word} {part[key]:g}"
        for key, word in (
            ("exclusiveMinimum", "above"),
            ("minimum", "from"),
            ("maximum", "to"),
            ("exclusiveMaximum", "below"),
        )
        if key in part
    ]
    return " ".join([words[part["type"]], *limits])


def _options(name: str) -> str:
    call = _COMMANDS[name]
    hints = get_type_hints(call, include_extras=True)
    rows = []
    for parameter in inspect.signature(call).parameters.values():
        kind, info = get_args(hints[parameter.name])
        wants = info.metavar or _wanted(kind)
        if isinstance(info, typer.models.ArgumentInfo):
            spelling = f"{_code(wants)} ..."
        else:
            # in an Annotated, typer keeps the first spelling where a default would stand
            first = [info.default] if isinstance(info.default, str) else []
            spelt = [*first, *(info.param_decls or ())] or [f"--{_dashed(parameter.name)}"]
            spelling = ", ".join(_code(f"{word} {wants}".strip()) for word in spelt)
        usual = parameter.default
        told = usual not in (None, False, inspect.Parameter.empty)
        rows.append([spelling, info.help + (f" Default: `{usual}`." if told else "")])
    return _table(["option", "meaning"], rows)


def _dashed(name: str) -> str:
    return name.replace("_", "-")


def _wanted(kind: Any) -> str:
    """What stands behind an option: nothing, its choices, or a number."""
    (kind,) = [part for part in get_args(kind) or (kind,) if part is not type(None)]
    if kind is bool:
        return ""
    return "|".join(kind) if issubclass(kind, StrEnum) else "N"


def _exit_codes() -> str:
    kinds = [getattr(errors, name) for name in errors.__all__ if name != "BlotquantError"]
    kinds = sorted(kinds, key=lambda kind: kind.exit_code)
    rows = [[str(kind.exit_code), _code(kind.__name__), inspect.getdoc(kind)] for kind in kinds]
    return _table(["exit code", "error", "meaning"], rows)


def _backgrounds() -> str:
    rows = []
    for name in registry.names("backgrounds"):
        method = registry.get("backgrounds", name)
        if method.__module__ in ("blotquant.background", "blotquant.beside"):
            rows.append([_code(name), inspect.getdoc(method).splitlines()[0]])
    return _table(["method", "what it is"], rows)


def _controls() -> str:
    rows = [[control.name, control.kind.replace("_", " ")] for control in names.CONTROLS]
    return _table(["known control", "kind"], rows)


def _kinds() -> str:
    rows = ([_code(name), inspect.getdoc(kind)] for name, kind in KINDS.items())
    return _table(["kind", "what it shows"], rows)


_COMMANDS = {info.name or info.callback.__name__: info.callback for info in app.registered_commands}


def _window_keys() -> str:
    rows = ([entry.group, entry.shown, entry.meaning] for entry in KEYS)
    return _table(["", "key or gesture", "what it does"], rows)


TABLES: dict[str, Callable[[], str]] = {
    "columns of bands": lambda: _columns(BAND_COLUMNS),
    "columns of lanes": lambda: _columns(LANE_COLUMNS),
    "columns of normalized": lambda: _columns(NORMALIZED_COLUMNS),
    "columns of controls": lambda: _columns(CONTROL_COLUMNS),
    "columns of problems": lambda: _columns(PROBLEM_COLUMNS),
    "columns of samples": lambda: _columns(SAMPLE_COLUMNS),
    "study keys": lambda: _keys(Study),
    **{f"study {name}": lambda m=model: _keys(m) for name, model in _BLOCKS.items()},
    "columns of replicates": lambda: _columns(REPLICATES_COLUMNS),
    "columns of summary": lambda: _columns(SUMMARY_COLUMNS),
    "columns of statistics": lambda: _columns(STATISTICS_COLUMNS),
    "columns of doses": lambda: _columns(DOSES_COLUMNS),
    "columns of linearity": lambda: _columns(LINEARITY_COLUMNS),
    "ladders": _ladders,
    "columns of fitness": lambda: _columns(FITNESS_COLUMNS),
    "columns of integrity": lambda: _columns(INTEGRITY_COLUMNS),
    "flags": _flags,
    **{f"settings {section}": lambda s=section: _settings(s) for section in Recipe.model_fields},
    **{f"options of {name}": lambda n=name: _options(n) for name in _COMMANDS},
    "exit codes": _exit_codes,
    "backgrounds": _backgrounds,
    "controls": _controls,
    "kinds": _kinds,
    "keys of the window": _window_keys,
}


def main() -> int:
    """Write all pages anew; gives the exit code."""
    for path in pages():
        old = path.read_text("utf-8")
        new = filled(old)
        if new != old:
            path.write_text(new, "utf-8")
            sys.stdout.write(f"{path.relative_to(DOCS.parent)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
