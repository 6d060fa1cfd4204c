"""Every setting of an analysis: its default, its unit and one line of meaning; TOML in and out.

One frozen object holds all of them and is resolved before any work begins. Command-line options,
TOML and the plugin's widgets are three spellings of it.
"""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

import tomlkit
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .errors import RecipeError
from .files import read_toml, shown
from .model import Orientation

__all__ = [
    "Across",
    "BackgroundSettings",
    "FindingSettings",
    "ImageSettings",
    "LadderSettings",
    "MeasuringSettings",
    "NormalizationSettings",
    "Recipe",
]

Across = Literal["none", "reference_sample", "replicate_sum", "reference_group", "alignment"]


def _setting(default: Any, meaning: str, unit: str = "", **limits: Any) -> Any:
    """Field with its one-line meaning and unit, which docs, TOML comments and widgets show."""
    return Field(
        default, description=meaning, json_schema_extra={"unit": unit} if unit else None, **limits
    )


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, str_max_length=2000)


class ImageSettings(_Section):
    """How a file is read."""

    polarity: Literal["auto", "dark_on_light", "light_on_dark"] = _setting(
        "auto", "How bands look in the stored file; auto decides from the picture."
    )
    orientation: Orientation = _setting(
        "0",
        "Turn the picture counter-clockwise (0, 90, 180, 270 degrees) or mirror it left to right.",
    )
    detector: Literal["linear", "film"] = _setting(
        "linear",
        "linear: grey levels are proportional to light; film: optical density from clear film.",
    )
    ceiling: float | None = _setting(
        None,
        "Grey level at which the detector saturates; auto takes it from the file.",
        "grey level",
        gt=0,
    )
    max_megapixels: float = _setting(
        500.0, "Refuse a picture that declares more pixels than this.", "Mpx", gt=0
    )
    fitness: bool = _setting(
        True,
        "Look for what was done to a picture before: JPEG, contrast, clipping, resizing and more.",
    )
    refuse_merged: bool = _setting(
        True, "Refuse a photo of the membrane merged with its chemiluminescence picture."
    )
    integrity: bool | None = _setting(
        None,
        "Look for joined pieces, repeated bands or regions, and one picture under two names; auto "
        "does in runs of 200 pictures at most.",
    )


class FindingSettings(_Section):
    """How lanes and bands are found."""

    lane_count: int | None = _setting(
        None, "Number of lanes in each panel, if you know it; auto counts them.", ge=1, le=200
    )
    lane_spacing: float | None = _setting(
        None, "Distance between lane centres, if you know it.", "px", gt=2
    )
    lane_width: float | None = _setting(
        None, "Width of a lane, if you want it fixed; auto measures it.", "px", gt=1
    )
    sensitivity: float = _setting(
        5.0, "Signal to noise a band must have to be called found.", "SNR", ge=3, le=1000
    )


class BackgroundSettings(_Section):
    """How the background under a band is estimated."""

    method: str = _setting(
        "lane",
        "Background method: lane, rolling_ball, valley, border, global, none or a registered one.",
    )
    radius: float | None = _setting(
        None,
        "rolling_ball: radius of the disk along the profile; auto is 3 band lengths.",
        "px",
        gt=0,
    )
    border: int = _setting(
        3, "border: thickness of the border whose median is taken.", "px", ge=1, le=5
    )
    border_sides: Literal["both", "top_bottom", "left_right"] = _setting(
        "both", "border: which sides of the band's box are used."
    )


class MeasuringSettings(_Section):
    """How a band's density is read off its lane."""

    overlap: Literal["fit", "valley"] = _setting(
        "fit",
        "fit: bands that overlap are fitted together where justified; valley: parted there.",
    )


class LadderSettings(_Section):
    """How molecular weights are read off the ladder."""

    name: str = _setting(
        "",
        "Ladder by name, or its sizes in kDa with commas; none: no kDa; empty: if it is clear.",
    )
    method: Literal["log_linear", "southern", "spline"] = _setting(
        "southern", "Curve from place to kDa: log_linear, southern (local), or spline (monotone)."
    )
    image: str = _setting(
        "",
        "Picture beside the image that shows the ladder: a photo, an exposure; {membrane} in it.",
    )


class NormalizationSettings(_Section):
    """How densities are made comparable between lanes."""

    method: str = _setting(
        "loading_control",
        "loading_control, geometric_mean, total_protein, lane_factor, none, or a registered one.",
    )
    loading_control: str | None = _setting(
        None, "Name of the loading control; auto takes the usual ones from the file names."
    )
    reference_lanes: tuple[int, ...] = _setting(
        (), "Lanes (from 1) whose geometric mean is set to 1; empty gives no relative density."
    )
    loading_controls: tuple[str, ...] = _setting(
        (), "Names of several controls: all for geometric_mean, else the first there is."
    )
    across: Across = _setting(
        "none",
        "Scale of membranes: none, reference_sample, replicate_sum, reference_group, alignment.",
    )
    reference_sample: str = _setting(
        "", "across = reference_sample: the sample that every membrane holds."
    )
    reference_group: str = _setting(
        "", "across = reference_group: the group whose mean is set to 1 on every membrane."
    )


class Recipe(_Section):
    """All settings of an analysis.

    Examples
    --------
    >>> Recipe().finding.sensitivity
    5.0
    >>> Recipe.of(background="valley", lane_count=8).background.method
    'valley'
    """

    image: ImageSettings = ImageSettings()
    finding: FindingSettings = FindingSettings()
    background: BackgroundSettings = BackgroundSettings()
    measuring: MeasuringSettings = MeasuringSettings()
    ladder: LadderSettings = LadderSettings()
    normalization: NormalizationSettings = NormalizationSettings()

    @classmethod
    def of(cls, base: Recipe | None = None, **settings: Any) -> Recipe:
        """Recipe with some settings changed, named without their section.

        Parameters
        ----------
        base : Recipe, optional
            Start from this one; the defaults otherwise.
        **settings
            Setting names (``lane_count``, ``sensitivity``, ...), or ``background`` and
            ``normalization`` for those sections' method. None is a value like any other.

        Raises
        ------
        RecipeError
            All faults at once.
        """
        tree = (base or cls()).model_dump()
        unknown = [name for name in settings if name not in _PLACES]
        if unknown:
            raise RecipeError(
                "recipe: " + "; ".join(_no_such(name, list(_PLACES)) for name in unknown)
            )
        for name, value in settings.items():
            section, key = _PLACES[name]
            tree[section][key] = value
        return cls.parse(tree, "recipe")

    @classmethod
    def parse(cls, tree: dict[str, Any], origin: str = "recipe") -> Recipe:
        """Recipe from nested dicts, as TOML or JSON gives them.

        Raises
        ------
        RecipeError
            One message with every fault: the key, what is wrong, what is allowed.
        """
        try:
            return cls.model_validate(tree)
        except ValidationError as error:
            faults = "; ".join(_fault(detail) for detail in error.errors())
            raise RecipeError(f"{origin}: {faults}") from None

    @classmethod
    def from_toml(cls, path: str | Path) -> Recipe:
        """Read a recipe file; keys that are not in it keep their defaults.

        Raises
        ------
        RecipeError
            If the file cannot be read, is not TOML, or holds settings that are not allowed.
        """
        path = Path(path)
        try:
            tree = read_toml(path)
        except OSError as error:
            raise RecipeError(f"{path.name}: cannot be read ({error.strerror})") from None
        except ValueError as error:
            reason = " ".join(str(error).split())[:200]
            raise RecipeError(f"{path.name}: is not a TOML file ({reason})") from None
        return cls.parse(tree, path.name)

    def to_toml(self) -> str:
        """Every setting with meaning and unit as comments; what is left to auto is a comment."""
        document = tomlkit.document()
        document.add(
            tomlkit.comment("blotquant recipe: every setting, as `blotquant run --recipe` takes it")
        )
        for section in type(self).model_fields:
            settings = getattr(self, section)
            table = tomlkit.table()
            document.add(tomlkit.nl())
            for key, field in type(settings).model_fields.items():
                unit = (
                    field.json_schema_extra.get("unit")
                    if isinstance(field.json_schema_extra, dict)
                    else None
                )
                table.add(tomlkit.comment(f"{field.description}" + (f" [{unit}]" if unit else "")))
                value = getattr(settings, key)
                if value is None:
                    table.add(tomlkit.comment(f"{key} = (auto)"))
                else:
                    table.add(key, list(value) if isinstance(value, tuple) else value)
            document.add(section, table)
        return tomlkit.dumps(document)


_PLACES: dict[str, tuple[str, str]] = {
    key: (section, key)
    for section, info in Recipe.model_fields.items()
    for key in info.annotation.model_fields  # type: ignore[union-attr]  # every section is a model
    if key not in ("method", "name") and (section, key) != ("ladder", "image")
} | {
    "background": ("background", "method"),
    "normalization": ("normalization", "method"),
    "ladder": ("ladder", "name"),
    "ladder_method": ("ladder", "method"),
    "ladder_image": ("ladder", "image"),
}


def _no_such(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, n=1)
    hint = f" - did you mean '{close[0]}'?" if close else f" (known: {', '.join(known)})"
    return f"there is no setting '{name}'{hint}"


def _fault(detail: Any) -> str:
    """One fault of pydantic's list, in words."""
    place = [str(part) for part in detail["loc"]]
    if detail["type"] == "extra_forbidden":
        known = list(Recipe.model_fields)
        if len(place) > 1:
            known = list(Recipe.model_fields[place[0]].annotation.model_fields)  # type: ignore[union-attr]  # sections are models
        prefix = f"[{place[0]}] " if len(place) > 1 else ""
        return prefix + _no_such(place[-1], known)
    message = str(detail["msg"])
    return f"{'.'.join(place)} = {shown(detail.get('input'))}: {message[:1].lower()}{message[1:]}"
