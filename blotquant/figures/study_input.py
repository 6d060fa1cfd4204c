"""What the figures of a study are drawn from: its tables, its blots, and how they should look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from blotquant.model import Blot, Layout

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FigureOptions", "Probe", "StudyTables", "TargetStrip", "WholeBlot"]


@dataclass(frozen=True, eq=False)
class TargetStrip:
    """The strip of a blot that stands for one target.

    Parameters
    ----------
    target : str
    label : str
        What is written over it; the target where empty.
    mw_kda : float or None
        Molecular weight of the band.
    blot : Blot
    layout : Layout
        In the coordinates of `blot`.
    row_id : str
        The target's row of bands.
    lanes : tuple of str
        Ids of the lanes shown, in the order they are shown.
    samples, groups : tuple of str
        Of each lane shown.
    replicate, membrane : str
    excluded : frozenset of str
        Ids of lanes that are shown and left out of the numbers.
    conditions : mapping of str to tuple of str
        Lines of the table under the strip: name, and ``+``, ``-`` or a text for each lane.

    Raises
    ------
    ValueError
        If a lane has no sample, no group, or no entry in a line of the table.
    """

    target: str
    label: str
    mw_kda: float | None
    blot: Blot
    layout: Layout
    row_id: str
    lanes: tuple[str, ...]
    samples: tuple[str, ...]
    groups: tuple[str, ...]
    replicate: str
    membrane: str
    excluded: frozenset[str] = frozenset()
    conditions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check that everything is said of every lane."""
        lines = {"samples": self.samples, "groups": self.groups, **self.conditions}
        wrong = [name for name, line in lines.items() if len(line) != len(self.lanes)]
        if wrong or not self.lanes:
            raise ValueError(
                f"strip of {self.target}: {len(self.lanes)} lanes are shown, and "
                f"{', '.join(wrong) or 'there must be one'} does not say one thing for each"
            )

    @property
    def name(self) -> str:
        """What is written over the strip."""
        return self.label or self.target


@dataclass(frozen=True, eq=False)
class StudyTables:
    """The tables of a study.

    Parameters
    ----------
    statistics : DataFrame
        One line per comparison.
    replicates : DataFrame
        One line per target, group and replicate.
    summary : DataFrame
        One line per target and group.
    controls : DataFrame or None
        One line per membrane and loading control.
    values : DataFrame or None
        ``normalized.csv``: one line per target, membrane and lane.
    """

    statistics: pd.DataFrame
    replicates: pd.DataFrame
    summary: pd.DataFrame
    controls: pd.DataFrame | None = None
    values: pd.DataFrame | None = None


@dataclass(frozen=True)
class FigureOptions:
    """How figures of a study look.

    Parameters
    ----------
    style : {"prism", "nature", "minimal"}
    exact_p : bool
        Adjusted p values over the brackets in place of stars.
    relative : bool
        Values are divided by the reference group's mean, which is one number for the whole
        target: the reference keeps its spread.
    log_axis : bool
        Values on a log axis: points, the geometric mean and its 95 % confidence interval.
    show_ns : bool
        Brackets of comparisons that are not significant are drawn too.
    show_samples : bool
        Lanes carry their samples' names where these can be read, else their numbers.
    margin_heights : float
        Band heights shown above and below the bands, where the picture has them.
    alpha : float
        p below which a comparison counts as significant.
    """

    style: Literal["prism", "nature", "minimal"] = "prism"
    exact_p: bool = False
    relative: bool = True
    log_axis: bool = False
    show_ns: bool = True
    show_samples: bool = True
    margin_heights: float = 5.0
    alpha: float = 0.05


@dataclass(frozen=True)
class Probe:
    """What a target was shown with.

    Parameters
    ----------
    target, antibody, dilution, rrid : str
        Empty where it is not known.
    """

    target: str
    antibody: str = ""
    dilution: str = ""
    rrid: str = ""


@dataclass(frozen=True, eq=False)
class WholeBlot:
    """A picture shown whole, as the supplement and the source data want it.

    Parameters
    ----------
    name : str
        Name of the file.
    blot : Blot
    layout : Layout
        Its lanes are numbered, its rows named.
    membrane, replicate : str
    strips : tuple of TargetStrip
        Strips that were cut from this picture; each is framed.
    lane_labels : mapping of str to str
        What is written over lanes, by lane id; their numbers where it is missing.
    """

    name: str
    blot: Blot
    layout: Layout
    membrane: str
    replicate: str = ""
    strips: tuple[TargetStrip, ...] = ()
    lane_labels: Mapping[str, str] = field(default_factory=dict)
