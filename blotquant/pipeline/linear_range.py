"""Bands of a study against the linear ranges of its dilution series."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import BlotquantError, StudyError
from ..flags import Flag
from ..linearity import Linearity, combined_loads
from ..names import target_key
from ..recipe import Recipe
from ..study import Study
from .dilution import judged_row, read_loads
from .image import analyze

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LinearRange", "flagged_out_of_range", "linear_ranges", "linearity_told"]

# A density this close to a limit lies on it.
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class LinearRange:
    """Densities of a target that are in proportion to its load.

    Parameters
    ----------
    target : str
    image : str
        Of the dilution series.
    linearity : Linearity
        The series, judged.
    loads : (float, float) or None
        Where the target is linear, and its loading controls with it; None where nowhere.
    combined : bool
        Whether loading controls have a say in `loads`.
    """

    target: str
    image: str
    linearity: Linearity
    loads: tuple[float, float] | None
    combined: bool = False

    @property
    def densities(self) -> tuple[float, float] | None:
        """Net densities from which to which the target is linear, a.u. x px."""
        span, densities = self.linearity.load_range, self.linearity.density_range
        if self.loads is None or span is None or densities is None:
            return None
        slope = densities[1] / span[1]
        return slope * self.loads[0], slope * self.loads[1]


def linear_ranges(
    study: Study, folder: Path, recipe: Recipe | None = None
) -> tuple[LinearRange, ...]:
    """Measure the dilution series that a study names.

    A target is judged where its own series and those of the loading controls are linear at the
    same loads; a loading control by its own series.

    Parameters
    ----------
    study : Study
    folder : Path
        The study's.
    recipe : Recipe, optional

    Returns
    -------
    tuple of LinearRange
        One for each ``[[linearity]]`` block.

    Raises
    ------
    StudyError
        If a series cannot be read or measured: one line that names it.
    """
    found = []
    for number, block in enumerate(study.linearity, 1):
        try:
            files = (folder / block.file, folder / block.loads)
            made = tuple(file.stat().st_mtime_ns for file in files)
            judged = _measured(files, made, block.file, block.row, recipe or Recipe())
            found.append(LinearRange(block.target, block.file, judged, judged.load_range))
        except FileNotFoundError as error:
            if not study.complete:  # it is still to come
                continue
            raise StudyError(
                f"study.toml: [[linearity]] {number} ({block.target}): there is no file "
                f"'{Path(str(error.filename)).name}'"
            ) from None
        except (BlotquantError, OSError) as error:
            reason = " ".join(str(error).split())
            raise StudyError(
                f"study.toml: [[linearity]] {number} ({block.target}): {reason}"
            ) from None
    controls = {
        target_key(image.target) for image in study.image if image.role == "loading_control"
    }
    return tuple(_together(one, found, controls) for one in found)


def flagged_out_of_range(bands: pd.DataFrame, ranges: Iterable[LinearRange]) -> pd.DataFrame:
    """Bands with a flag where they lie outside the linear range of their target.

    Parameters
    ----------
    bands : DataFrame
        Columns as in `blotquant.columns.BAND_COLUMNS`, targets as the study names them.
    ranges : iterable of LinearRange

    Returns
    -------
    DataFrame
        A copy. Bands below detection and those of ladders are not judged.
    """
    bands = bands.copy()
    samples = ~bands["lane_kind"].isin(["ladder", "empty"]).to_numpy(bool)
    for one in ranges:
        off = _outside(bands, one) & samples
        bands.loc[off, "flags"] = [
            str(Flag.parse(text) | Flag.OUT_OF_LINEAR_RANGE) for text in bands.loc[off, "flags"]
        ]
    return bands


def linearity_told(
    normalized: pd.DataFrame, bands: pd.DataFrame, ranges: Iterable[LinearRange]
) -> tuple[str, ...]:
    """What the dilution series say of a study's bands, one sentence a series.

    Parameters
    ----------
    normalized : DataFrame
        Columns as in `blotquant.columns.NORMALIZED_COLUMNS`: the bands that stand for a target.
    bands : DataFrame
        Where those of the loading controls are.
    ranges : iterable of LinearRange
    """
    said = []
    for one in ranges:
        table = normalized if _judged(normalized, one).any() else bands
        said.append(_sentence(one, int(_outside(table, one).sum()), int(_judged(table, one).sum())))
    return tuple(said)


def _judged(table: pd.DataFrame, one: LinearRange) -> NDArray[np.bool_]:
    """Rows of a table that are of a range's target, with a band that was detected."""
    wanted = target_key(one.target)
    return np.array(
        [
            target_key(str(target)) == wanted
            and str(Flag.BELOW_DETECTION) not in str(flags).split(";")
            and np.isfinite(float(density))
            for target, flags, density in zip(
                table["target"], table["flags"], table["net_density"], strict=True
            )
        ],
        bool,
    )


def _outside(table: pd.DataFrame, one: LinearRange) -> NDArray[np.bool_]:
    density = table["net_density"].to_numpy(float)
    low, high = one.densities or (np.inf, -np.inf)
    inside = (density >= low * (1 - _ROUNDING)) & (density <= high * (1 + _ROUNDING))
    return np.asarray(_judged(table, one) & ~inside)


@lru_cache(maxsize=16)  # the window concludes anew after every edit
def _measured(
    files: tuple[Path, Path], made: tuple[int, ...], name: str, row: int | None, recipe: Recipe
) -> Linearity:
    """The judged series of an image and its loads; `made`: when the files were written."""
    from ..loaders import load

    loads = read_loads(files[1])
    result = analyze(load(files[0], settings=recipe.image)[0], recipe, image=name)
    if row is None:
        strength = result.table.groupby("row")["net_density"].sum()
        row = int(strength.index[int(strength.to_numpy().argmax())])
    bands = result.table[result.table["row"] == row]
    if bands.empty:
        raise StudyError(f"{name}: has no row {row} of bands")
    return judged_row(name, row, bands, loads, recipe).linearity


def _together(one: LinearRange, every: list[LinearRange], controls: set[str]) -> LinearRange:
    """A target's range, narrowed to the loads at which its loading controls are linear as well."""
    if target_key(one.target) in controls:
        return one
    others = [other.linearity for other in every if target_key(other.target) in controls]
    if not others:
        return one
    return replace(one, loads=combined_loads([one.linearity, *others]), combined=True)


def _sentence(one: LinearRange, off: int, judged: int) -> str:
    densities, series = one.densities, f"its dilution series ({one.image}"
    if densities is None or one.loads is None:
        return (
            f"{one.target} is linear nowhere in {series}: {one.linearity.reason}): "
            f"{off} of {judged} bands are flagged."
        )
    low, high = one.loads
    with_control = " together with its loading control" if one.combined else ""
    return (
        f"{one.target} is linear{with_control} at loads from {low:.3g} to {high:.3g} in {series}), "
        f"densities from {densities[0]:.3g} to {densities[1]:.3g}: "
        f"{off} of {judged} bands lie outside."
    )
