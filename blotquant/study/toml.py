"""Writing study.toml: every key with its meaning, blocks that are not there as examples."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import tomlkit
from pydantic import BaseModel
from tomlkit.items import AoT, Table

__all__ = ["study_toml"]

_HEAD = (
    "blotquant study: which image shows which target, and what is compared",
    "Lines that begin with # are explanations.",
)
# Keys that every block shows, also at their defaults: they are what people come to change.
_SHOWN = frozenset({"file", "membrane", "target", "role", "id", "lane", "reason", "column"})
# What only the study's owner can say: `watch` tests nothing until then.
_FOR_ITS_OWNER = frozenset({"complete"})
_EXAMPLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "membrane": ('id = "M1"', "strips = true", 'note = ""'),
        "image": ('file = "M1_P53.tif"', 'membrane = "M1"', 'target = "P53"', 'role = "target"'),
        "exclude": ('membrane = "M1"', "lane = 3", 'target = ""', 'reason = "air bubble"'),
        "comparison": (
            'name = "drug at 24 h"',
            'group = ["drug"]',
            'reference = "vehicle"',
            "targets = []",
            'where = { time_h = "24" }',
        ),
        "linearity": (
            'target = "P53"',
            'file = "dilution_P53.tif"',
            'loads = "dilution.csv"',
        ),
        "dose": ('target = ["P53"]', 'column = "dose"', 'where = { drug = "A" }'),
    }
)


def study_toml(study: BaseModel, notes: Iterable[str] = ()) -> str:
    """A study as TOML text with comments.

    Parameters
    ----------
    study : Study
    notes : iterable of str
        Lines for the head of the file.

    Returns
    -------
    str
        Reads back to an equal study.
    """
    document = tomlkit.document()
    for line in _HEAD:
        document.add(tomlkit.comment(line))
    for note in notes:
        document.add(tomlkit.comment(" ".join(note.split())))
    document.add(tomlkit.nl())
    values = {name: getattr(study, name) for name in type(study).model_fields}
    for name, value in values.items():
        if not isinstance(value, BaseModel) and name not in _EXAMPLES:
            _explain(document, type(study), name)
            if name in _FOR_ITS_OWNER and name not in study.model_fields_set:
                document.add(tomlkit.comment(f"{name} = {_blank(value)}"))
            else:
                document.add(name, _plain(value))
    for name, value in values.items():
        if isinstance(value, BaseModel):
            document.add(tomlkit.nl())
            document.add(name, _section(value))
    text = tomlkit.dumps(document).rstrip("\n") + "\n"
    return text + "".join(_blocks(name, values[name]) for name in _EXAMPLES)


def _section(block: BaseModel) -> Table:
    table = tomlkit.table()
    for name in type(block).model_fields:
        _explain(table, type(block), name)
        table.add(name, _plain(getattr(block, name)))
    return table


def _blocks(name: str, blocks: tuple[BaseModel, ...]) -> str:
    """All blocks of one name; the first with explanations, an example where there is none."""
    if not blocks:
        lines = [f"[[{name}]]", *_EXAMPLES[name]]
        return "\n" + "".join(f"# {line}\n" for line in lines)
    array = AoT([])
    for number, block in enumerate(blocks):
        array.append(_block(block, explained=number == 0))
    document = tomlkit.document()
    document.add(name, array)
    text = tomlkit.dumps(document).rstrip("\n")  # no text holds a line break of its own
    return "\n" + re.sub(r"\n{3,}", "\n\n", text) + "\n"


def _block(block: BaseModel, *, explained: bool) -> Table:
    """One block: all keys explained in the first, only what is said in the others."""
    table = tomlkit.table()
    for name, field in type(block).model_fields.items():
        value = getattr(block, name)
        shown = name in _SHOWN or value != field.default
        if explained:
            _explain(table, type(block), name)
        if shown and value is not None:
            table.add(name, _plain(value))
        elif explained:
            table.add(tomlkit.comment(f"{name} = {_blank(value)}".rstrip()))
    table.add(tomlkit.nl())
    return table


def _explain(table: Any, model: type[BaseModel], name: str) -> None:
    table.add(tomlkit.comment(str(model.model_fields[name].description)))


def _blank(value: Any) -> str:
    """How a key that is left at its default would be written."""
    return "" if value is None else tomlkit.item(_plain(value)).as_string()


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Mapping):
        table = tomlkit.inline_table()
        table.update(value)
        return table
    return value
