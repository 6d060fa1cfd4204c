"""A first study file and sample sheet from the names and lanes of a folder's images."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from blotquant.names import (
    CONTROLS,
    canonical,
    control_kind,
    membrane_identity,
    parse_name,
    target_key,
)

from .model import Study
from .parts import ImageRole, NormalizationPlan, StudyImage
from .samples import SAMPLE_COLUMNS

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["UNKNOWN", "SeenImage", "propose_study", "what_to_fill_in"]

UNKNOWN = "?"
_PAGE = re.compile(r"(?P<file>.+\.\w{1,5})#(?P<page>.+)", re.DOTALL)
_LADDER = re.compile(r"(?P<membrane>.+?)[ _-]+(ladder|marker|mw)", re.IGNORECASE)


class SeenImage(NamedTuple):
    """An image that was looked at.

    Parameters
    ----------
    name : str
        Path below the study's folder (POSIX), with ``#page`` where a file holds several.
    lanes : int
        Lanes found in it; 0 where there are none.
    kinds : sequence of str
        Kind of each lane, left to right.
    """

    name: str
    lanes: int
    kinds: Sequence[str] = ()


def propose_study(
    images: Iterable[SeenImage | tuple[str, int, Sequence[str]]],
) -> tuple[Study, pd.DataFrame]:
    """Study and sample table to be completed by the one who made the blots.

    Membranes, targets and roles come from the file names; what they do not say is ``?`` (unnamed
    images are membranes of their own, ``?1``, ``?2`` ...: that they share one is for people to
    say). Groups and replicates are left empty, pairing is unknown.

    Parameters
    ----------
    images : iterable of (name, lanes, kinds)

    Returns
    -------
    (Study, DataFrame)
        The table has a row for each lane of each membrane.
    """
    seen = [SeenImage(*image) for image in images]
    membranes = _membranes(seen)
    blocks = [
        _block(image, membrane, target, role)
        for image, (membrane, target, role) in zip(seen, membranes, strict=True)
    ]
    blocks = _with_totals(blocks)
    order = {name: at for at, name in enumerate(dict.fromkeys(b.membrane for b in blocks))}
    pairs = sorted(
        zip(blocks, seen, strict=True), key=lambda pair: (order[pair[0].membrane], _rank(pair[0]))
    )
    blocks = [block for block, _ in pairs]
    study = Study(image=tuple(blocks), normalization=_normalization(blocks))
    return study, _rows(pairs)


def what_to_fill_in(study: Study, samples: pd.DataFrame) -> tuple[str, ...]:
    """What a study and its sample sheet still lack, for the head of the study file.

    Parameters
    ----------
    study : Study
    samples : DataFrame

    Returns
    -------
    tuple of str
        One line each; none where everything is said.
    """
    notes = []
    unknown = [image.name for image in study.image if _is_unknown(image)]
    if unknown:
        notes.append(
            f"write membrane and target instead of '{UNKNOWN}' (here and in {study.samples}): "
            + ", ".join(unknown)
        )
    notes += [
        f"{image.target} of membrane {image.membrane} has several images: keep one ({image.name})"
        for image in _again(study.image)
    ]
    lanes = samples[(samples["kind"] == "sample") & samples["use"]]
    empty = [name for name in ("sample", "group", "replicate") if (lanes[name] == "").any()]
    if empty:
        notes.append(f"fill in {', '.join(empty)} of each sample lane in {study.samples}")
    if not study.reference_group:
        notes.append("reference_group: the group that the others are compared with")
    if not study.replicate_unit:
        notes.append("replicate_unit: what a biological replicate is")
    if study.pairing == "unknown":
        notes.append("pairing: paired or independent; while it is unknown no test is made")
    if study.normalization.method == "none" and not any(
        image.role in ("loading_control", "total_protein") for image in study.image
    ):
        notes.append("no loading control was recognised: set its role and normalization.method")
    return tuple(f"TO DO {note}" for note in notes)


def _membranes(seen: Sequence[SeenImage]) -> list[tuple[str, str, ImageRole]]:
    """Membrane, target and role of each image, as far as its name tells."""
    read = [_from_name(image.name) for image in seen]
    identities = [
        membrane_identity(image.name, name) for image, (name, _, _) in zip(seen, read, strict=True)
    ]
    folders: dict[str, set[str]] = {}
    for folder, name in identities:
        folders.setdefault(name, set()).add(folder)
    spelled: dict[tuple[str, str], str] = {}
    unnamed = 0
    found = []
    for (name, target, role), identity in zip(read, identities, strict=True):
        if not name:
            unnamed += 1
            found.append((f"{UNKNOWN}{unnamed}", target or UNKNOWN, role))
            continue
        several = len(folders[identity[1]]) > 1
        wanted = f"{identity[0]}/{name}" if several and identity[0] != "." else name
        found.append((spelled.setdefault(identity, wanted), target, role))
    return found


def _from_name(name: str) -> tuple[str, str, ImageRole]:
    membrane, target = parse_name(name)
    if not target:
        ladder = _LADDER.fullmatch(PurePosixPath(name).stem)
        return (ladder["membrane"], "", "ladder") if ladder else ("", "", "target")
    return membrane, canonical(target), control_kind(target) or "target"


def _block(image: SeenImage, membrane: str, target: str, role: ImageRole) -> StudyImage:
    page = _PAGE.fullmatch(image.name)
    file, part = (page["file"], page["page"]) if page else (image.name, "")
    return StudyImage(file=file, page=part, membrane=membrane, target=target, role=role)


def _with_totals(blocks: Sequence[StudyImage]) -> list[StudyImage]:
    """Phosphorylated forms with their totals, where the study shows these too."""
    targets = {target_key(b.target): b.target for b in blocks if b.role == "target"}
    changed = []
    for block in blocks:
        key = target_key(block.target)
        total = targets.get(key.removeprefix("phospho"), "") if key.startswith("phospho") else ""
        known = total and total != block.target
        changed.append(block.model_copy(update={"phospho_of": total}) if known else block)
    return changed


def _rank(block: StudyImage) -> int:
    """Targets first, then what they are divided by."""
    return ("target", "loading_control", "total_protein", "ladder").index(block.role)


def _normalization(blocks: Sequence[StudyImage]) -> NormalizationPlan:
    """One loading control that every membrane with targets shows; total protein; else none."""
    membranes = {block.membrane for block in blocks if block.role == "target"}

    def on_all(names: set[str]) -> bool:
        return bool(membranes) and membranes <= names

    for control in CONTROLS:
        if control.kind == "loading_control" and on_all(
            {b.membrane for b in blocks if b.role == control.kind and b.target == control.name}
        ):
            several = {b.target for b in blocks if b.role == "loading_control"} - {control.name}
            return NormalizationPlan(loading_controls=(control.name,) if several else ())
    if on_all({b.membrane for b in blocks if b.role == "total_protein"}):
        return NormalizationPlan(method="total_protein")
    some = any(block.role == "loading_control" for block in blocks)
    return NormalizationPlan(method="loading_control" if some else "none")


def _rows(pairs: Sequence[tuple[StudyImage, SeenImage]]) -> pd.DataFrame:
    """A row for each lane of each membrane."""
    import pandas as pd

    records = []
    for membrane in dict.fromkeys(block.membrane for block, _ in pairs):
        kinds = _kinds([pair for pair in pairs if pair[0].membrane == membrane])
        records += [
            (membrane, lane, "", "", "", "", kind, True) for lane, kind in enumerate(kinds, 1)
        ]
    table = pd.DataFrame.from_records(records, columns=[c.name for c in SAMPLE_COLUMNS])
    types = {"text": "str", "integer": "int64", "boolean": "bool"}
    return table.astype({column.name: types[column.kind] for column in SAMPLE_COLUMNS})


def _kinds(pairs: Sequence[tuple[StudyImage, SeenImage]]) -> list[str]:
    """Kind of each lane: of the image that shows all lanes, which a loading control does best."""
    shown = [pair for pair in pairs if pair[1].lanes > 0]
    best = [pair for pair in shown if pair[0].role in ("loading_control", "total_protein")]
    count = max((image.lanes for _, image in best or shown), default=0)
    kinds = ["sample"] * count
    for _, image in shown:
        if image.lanes == count:  # a ladder shows in some channels only
            for at, kind in enumerate(image.kinds[:count]):
                if kind != "sample" and kinds[at] == "sample":
                    kinds[at] = kind
    return kinds


def _is_unknown(image: StudyImage) -> bool:
    return image.membrane.startswith(UNKNOWN) or image.target == UNKNOWN


def _again(images: Sequence[StudyImage]) -> list[StudyImage]:
    """Images of a target that another one of the membrane shows too."""
    seen: set[tuple[str, str]] = set()
    again = []
    for image in images:
        key = (image.membrane, target_key(image.target))
        if image.target not in ("", UNKNOWN) and key in seen:
            again.append(image)
        seen.add(key)
    return again
