"""The settings of a run as a table, those that were changed marked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from blotquant.recipe import Recipe

__all__ = ["Setting", "differences", "settings_of"]


@dataclass(frozen=True)
class Setting:
    """One setting: where it stands, its value and default in words, whether it was changed."""

    section: str
    name: str
    value: str
    default: str
    unit: str
    meaning: str
    changed: bool


def settings_of(recipe: Recipe) -> list[Setting]:
    """All settings of a recipe.

    Parameters
    ----------
    recipe : Recipe
    """
    return list(_settings(recipe, Recipe()))


def differences(recipe: Recipe, base: Recipe) -> list[Setting]:
    """Settings in which a recipe differs from another; `default` is the other's value.

    Parameters
    ----------
    recipe, base : Recipe
    """
    return [setting for setting in _settings(recipe, base) if setting.changed]


def _settings(recipe: Recipe, base: Recipe) -> Iterator[Setting]:
    for section in type(recipe).model_fields:
        values, usual = getattr(recipe, section), getattr(base, section)
        for name, field in type(values).model_fields.items():
            extra = field.json_schema_extra
            unit = str(extra.get("unit", "")) if isinstance(extra, dict) else ""
            value, default = getattr(values, name), getattr(usual, name)
            yield Setting(
                section=section,
                name=name,
                value=_words(value),
                default=_words(default),
                unit=unit,
                meaning=field.description or "",
                changed=value != default,
            )


def _words(value: Any) -> str:
    if value is None:
        return "auto"
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)
