"""The names that a study gives: membrane, target, sample and group of every band and lane."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import StudyError
from ..model import Layout
from ..names import same_target
from ..normalize.roles import Exclusion, Roles, StripRole
from ..study import SAMPLE_COLUMNS, Study, StudyImage
from .image import row_numbers

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["name_bands", "name_lanes", "roles_of", "with_free_columns", "with_rows"]

_OF_THE_SAMPLE = ("sample", "group", "replicate", "technical")
# Roles that are read in one row of bands.
_IN_ROWS = ("target", "loading_control")
Panel = tuple[str, int]


def with_rows(study: Study, layouts: Mapping[str, Layout]) -> Study:
    """Study whose targets have the rows that somebody gave them in the layouts.

    Parameters
    ----------
    study : Study
        A row that it declares itself stays.
    layouts : mapping of str to Layout
        By image.

    Raises
    ------
    StudyError
        If a picture shows several targets and it is not known which row is whose; all at once.
    """
    blocks = tuple(_with_row(block, layouts.get(block.name)) for block in study.image)
    count = Counter((block.name, block.panel) for block in blocks if block.role in _IN_ROWS)
    lost = [
        f"{block.name}: shows {count[block.name, block.panel]} targets; say which row of bands is "
        f"{block.target} (row = 1 is the uppermost)"
        for block in blocks
        if block.role in _IN_ROWS and count[block.name, block.panel] > 1 and block.row is None
    ]
    if lost:
        raise StudyError(f"study.toml: {'; '.join(lost)}")
    return study.model_copy(update={"image": blocks})


def name_bands(
    bands: pd.DataFrame, lanes: pd.DataFrame, study: Study, samples: pd.DataFrame
) -> pd.DataFrame:
    """Table of bands with the study's membranes, targets, samples and groups.

    Parameters
    ----------
    bands, lanes : DataFrame
        Columns as in `blotquant.columns`; they are not changed.
    study : Study
        From `with_rows`.
    samples : DataFrame
        From `blotquant.study.read_samples`.

    Returns
    -------
    DataFrame
        The same lines, with a column `use` beside the contract's.
    """
    blocks, entries, places = _blocks(study), _entries(samples), _places(lanes)
    columns: dict[str, list[Any]] = {name: [] for name in ("membrane", "target", "use")}
    columns |= {name: [] for name in (*_OF_THE_SAMPLE, "lane_kind")}
    known = bands[["image", "panel", "lane", "row", "lane_kind"]]
    for image, panel, lane, row, kind in known.itertuples(index=False, name=None):
        here = blocks.get((image, panel), [])
        membrane = here[0].membrane if here else ""
        entry = entries.get((membrane, places[image, panel, lane]), {})
        columns["membrane"].append(membrane)
        columns["target"].append(_target(here, row))
        columns["use"].append(bool(entry.get("use", False)))
        columns["lane_kind"].append(entry.get("kind") or kind)
        for name in _OF_THE_SAMPLE:
            columns[name].append(entry.get(name, ""))
    return bands.assign(**columns)


def name_lanes(lanes: pd.DataFrame, study: Study, samples: pd.DataFrame) -> pd.DataFrame:
    """Table of lanes with the kinds that the sample sheet gives."""
    blocks, entries, places = _blocks(study), _entries(samples), _places(lanes)
    kinds = []
    known = lanes[["image", "panel", "lane", "lane_kind"]]
    for image, panel, lane, kind in known.itertuples(index=False, name=None):
        here = blocks.get((image, panel), [])
        key = (here[0].membrane if here else "", places[image, panel, lane])
        kinds.append(entries.get(key, {}).get("kind") or kind)
    return lanes.assign(lane_kind=kinds)


def roles_of(study: Study) -> Roles:
    """What normalizing has to know of a study (from `with_rows`)."""
    strips = tuple(
        StripRole(
            image=block.name,
            panel=block.panel,
            target=block.target or block.role.replace("_", " "),
            membrane=block.membrane,
            role=block.role,
            row=block.row,
            phospho_of=block.phospho_of,
            order=block.order,
        )
        for block in study.image
    )
    exclusions = tuple(
        Exclusion(one.membrane, one.lane, one.target, one.reason) for one in study.exclude
    )
    return Roles(strips, exclusions, frozenset(m.id for m in study.membrane if m.strips))


def with_free_columns(
    values: pd.DataFrame, lanes: pd.DataFrame, samples: pd.DataFrame
) -> pd.DataFrame:
    """Table of normalized values with what else the sample sheet says of each lane.

    Parameters
    ----------
    values : DataFrame
        Columns as in `blotquant.columns.NORMALIZED_COLUMNS`.
    lanes : DataFrame
        All lanes of the study's images.
    samples : DataFrame
    """
    known = {column.name for column in SAMPLE_COLUMNS}
    free = [str(name) for name in samples.columns if name not in known]
    free = [name for name in free if name not in values.columns]
    if not free or values.empty:
        return values
    places = {(image, lane): place for (image, _, lane), place in _places(lanes).items()}
    entries = _entries(samples)
    keys = [
        (membrane, places[image, lane])
        for membrane, image, lane in values[["membrane", "image", "lane"]].itertuples(
            index=False, name=None
        )
    ]
    return values.assign(**{name: [entries[key].get(name, "") for key in keys] for name in free})


def _with_row(block: StudyImage, layout: Layout | None) -> StudyImage:
    """Block with the row that its target has in the layout, where it declares none."""
    if block.row is not None or layout is None or not block.target:
        return block
    numbers = row_numbers(layout)
    found = [
        numbers[row.id][1]
        for row in layout.rows
        if same_target(row.target, block.target) and numbers[row.id][0] == block.panel
    ]
    return block.model_copy(update={"row": found[0]}) if len(found) == 1 else block


def _blocks(study: Study) -> dict[Panel, list[StudyImage]]:
    """Blocks of the study file by image and panel."""
    blocks: dict[Panel, list[StudyImage]] = {}
    for block in study.image:
        blocks.setdefault((block.name, block.panel), []).append(block)
    return blocks


def _entries(samples: pd.DataFrame) -> dict[tuple[str, int], dict[str, Any]]:
    """Rows of the sample sheet by membrane and lane."""
    records: Iterable[Mapping[Any, Any]] = samples.to_dict("records")
    return {
        (str(record["membrane"]), int(record["lane"])): {str(k): v for k, v in record.items()}
        for record in records
    }


def _places(table: pd.DataFrame) -> dict[tuple[str, int, int], int]:
    """Number of each lane on its membrane, from 1: images number on through their panels."""
    lanes: dict[Panel, set[int]] = {}
    for image, panel, lane in table[["image", "panel", "lane"]].itertuples(index=False, name=None):
        lanes.setdefault((image, panel), set()).add(lane)
    return {
        (image, panel, lane): place
        for (image, panel), found in lanes.items()
        for place, lane in enumerate(sorted(found), 1)
    }


def _target(blocks: Sequence[StudyImage], row: int) -> str:
    """Target of a row of bands: as declared, or the image's only one."""
    declared = [block.target for block in blocks if block.row == row]
    if declared:
        return declared[0]
    # a row that the study does not name beside one that it does is some other protein
    return blocks[0].target if len(blocks) == 1 and blocks[0].row is None else ""
