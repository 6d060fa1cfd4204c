"""Sentences of the methods: blots and antibodies, how bands were found and measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from blotquant.files import is_plain_file
from blotquant.flags import Flag
from blotquant.outcome import ImageOutcome, RunOutcome
from blotquant.recipe import BackgroundSettings
from blotquant.study import Study, StudyImage
from blotquant.study_report.blots import study_images
from blotquant.study_result import StudyResult

__all__ = ["counted", "listed", "measuring", "measuring_cited", "probing"]

_REFERENCES: Mapping[str, str] = {
    "lane": "Eilers PHC (2003) Anal. Chem. 75:3631",
    "rolling_ball": "Sternberg SR (1983) Computer 16:22",
    "asls": "Eilers PHC, Boelens HFM (2005) Baseline correction with asymmetric least squares",
    "arpls": "Baek SJ et al. (2015) Analyst 140:250",
    "snip": "Ryan CG et al. (1988) Nucl. Instrum. Methods B 34:396",
    "mor": "Perez-Pueyo R et al. (2010) Appl. Spectrosc. 64:595",
}
_BACKGROUNDS = {
    "lane": "a smooth curve through the band-free parts of the lane's profile (method 'lane': "
    "Whittaker smoother, Eilers 2003, stiffness by maximum likelihood)",
    "rolling_ball": "a disk rolled along under the lane's profile (method 'rolling_ball', "
    "Sternberg 1983)",
    "valley": "a straight line from each band's start to its end (method 'valley', as ImageJ's Gel "
    "Analyzer)",
    "border": "the median of a border around each band's box (method 'border', as LI-COR Image "
    "Studio)",
    "global": "the median of the lane's band-free rows (method 'global')",
    "none": "nothing: densities include the background (method 'none')",
    "beside": "the membrane beside the lane, interpolated across it (method 'beside')",
    "asls": "asymmetric least squares (method 'asls', Eilers and Boelens 2005)",
    "arpls": "asymmetrically reweighted least squares (method 'arpls', Baek 2015)",
    "snip": "iterative peak clipping (method 'snip', Ryan 1988)",
    "mor": "morphological opening (method 'mor', Perez-Pueyo 2010)",
}
_SEEN = {
    Flag.SATURATED: "saturated",
    Flag.BEYOND_DENSITY_RANGE: "beyond the range of the film",
    Flag.BELOW_DETECTION: "below detection",
    Flag.EDGE_CUT: "cut by the image's edge",
}


def probing(run: RunOutcome, result: StudyResult) -> list[str]:
    """What was blotted, probed and imaged, and what of that the study does not say."""
    study = result.study
    images = study_images(run)
    told = [
        f"{counted(len(study.membranes()), 'membrane')} "
        f"({', '.join(study.membranes())}) "
        f"{'was' if len(study.membranes()) == 1 else 'were'} imaged "
        "[state the imager, its software and the detection chemistry]."
    ]
    told += _formats(images)
    told += _exposures(images)
    told += _antibodies(study)
    told += _stripping(study)
    return told


def measuring(run: RunOutcome, result: StudyResult) -> list[str]:
    """How lanes and bands were found, and densities measured."""
    measured = [one for one in study_images(run) if one.result is not None]
    told = [_found(measured), *_by_hand(run, measured)]
    told.append(
        "A band's net density is the sum of the signal over its box, without resampling, above the "
        "background."
    )
    told += _backgrounds(measured)
    detectors = {one.result.recipe.image.detector for one in measured if one.result is not None}
    if "film" in detectors:
        told.append("Grey levels of films were converted to optical density.")
    return told + _linear(result) + _seen(result)


def _linear(result: StudyResult) -> list[str]:
    """What dilution series say of the bands."""
    if not result.linearity:
        return []
    return [
        "The linear range of each target with a dilution series is the longest run of loads whose "
        "densities are within 15 % of a line through zero.",
        *result.linearity,
    ]


def _formats(images: Sequence[ImageOutcome]) -> list[str]:
    """Formats and bit depths as they were read."""
    kinds: Counter[str] = Counter()
    for one in images:
        known = dict(one.result.provenance.get("image", {})) if one.result is not None else {}
        if known:
            kinds[f"{known['format']}; {known['bit_depth']} bit used"] += 1
    if not kinds:
        return []
    parts = [f"{counted(number, 'image')} ({kind})" for kind, number in kinds.items()]
    return [f"The files measured are {listed(parts)}."]


def _exposures(images: Sequence[ImageOutcome]) -> list[str]:
    known: dict[str, list[str]] = {}
    for one in images:
        image = dict(one.result.provenance.get("image", {})) if one.result is not None else {}
        if image.get("exposure_s"):
            known.setdefault(f"{image['exposure_s']:g} s", []).append(one.image)
    if not known:
        return ["[state the exposure times]: the files do not say."]
    if len(known) == 1 and len(next(iter(known.values()))) == len(images):
        return [f"All images were exposed for {next(iter(known))}."]
    return [
        "Exposure times: "
        + "; ".join(f"{seconds} ({', '.join(names)})" for seconds, names in known.items())
        + ("." if sum(map(len, known.values())) == len(images) else "; [state the others].")
    ]


def _antibodies(study: Study) -> list[str]:
    """Antibodies by target; a placeholder that names the targets of which something is missing."""
    blocks = [block for block in study.image if block.role in ("target", "loading_control")]
    by_target: dict[str, list[StudyImage]] = {}
    for block in blocks:
        by_target.setdefault(block.target, []).append(block)
    told, missing = [], dict[str, list[str]]()
    for target, mine in by_target.items():
        words = [
            _same(mine, "antibody"),
            _same(mine, "dilution"),
            _rrid(_same(mine, "rrid")),
        ]
        if any(words):
            told.append(f"{target} ({', '.join(word for word in words if word)})")
        for name, word in zip(("antibody", "dilution", "RRID"), words, strict=True):
            if not word:
                missing.setdefault(name, []).append(target)
    sentences = [f"Membranes were probed for {listed(told)}."] if told else []
    of_targets: dict[str, list[str]] = {}
    for name, lost in missing.items():
        of_targets.setdefault(listed(lost), []).append(name)
    if not told:
        sentences.append(f"Membranes were probed for {listed(list(by_target))}.")
    sentences += [
        f"[state {listed(names)} for {targets}]." for targets, names in of_targets.items()
    ]
    return sentences


def _same(blocks: Iterable[StudyImage], key: str) -> str:
    return "; ".join(dict.fromkeys(str(getattr(one, key)) for one in blocks if getattr(one, key)))


def _rrid(words: str) -> str:
    return f"RRID:{words.removeprefix('RRID:')}" if words else ""


def _stripping(study: Study) -> list[str]:
    """Which membranes were stripped, in which order they were probed."""
    stripped = [one.id for one in study.membrane if one.strips]
    told = []
    if stripped:
        told.append(f"Between probes membrane {listed(stripped)} was stripped.")
    orders: dict[str, list[str]] = {}
    for membrane in study.membranes():
        ordered = [one for one in study.images_of(membrane) if one.order is not None]
        names = [one.target for one in sorted(ordered, key=lambda one: one.order or 0)]
        if len(names) > 1:
            orders.setdefault(", then ".join(names), []).append(membrane)
    told += [
        f"Order of probes: {order} (membrane {listed(membranes)})."
        for order, membranes in orders.items()
    ]
    told += [f"Membrane {one.id}: {one.note.rstrip('.')}." for one in study.membrane if one.note]
    several = [
        membrane
        for membrane in study.membranes()
        if len({one.target for one in study.images_of(membrane) if one.target}) > 1
    ]
    unsaid = [membrane for membrane in several if membrane not in stripped]
    if unsaid:
        told.append(
            f"[state whether membrane {listed(unsaid)} was stripped between probes"
            + ("]." if orders else ", and their order].")
        )
    return told


def _found(measured: Sequence[ImageOutcome]) -> str:
    """Who drew the lanes."""
    lanes = Counter(
        lane.source
        for one in measured
        if one.result is not None
        for lane in one.result.layout.lanes
    )
    if not lanes:
        return "No image was measured."
    if set(lanes) == {"auto"}:
        return "Lanes and bands were found automatically."
    words = {
        "auto": "were found automatically",
        "carried": "were carried over from another image of the membrane",
        "hand": "were drawn or corrected by hand",
    }
    parts = [f"{lanes[key]} {words[key]}" for key in ("auto", "carried", "hand") if lanes[key]]
    return f"Of {counted(sum(lanes.values()), 'lane')}, {listed(parts)}."


def _by_hand(run: RunOutcome, measured: Sequence[ImageOutcome]) -> list[str]:
    """Changes made by hand, as the layout files log them."""
    from blotquant.session import read_session

    changed = []
    for one in measured:
        bands = one.result.layout.bands if one.result is not None else ()
        by_hand = sum(band.source == "hand" for band in bands)
        edits = 0
        if one.sidecar is not None and is_plain_file(one.sidecar):
            edits = len(read_session(one.sidecar).edit_log)
        words = [f"{by_hand} bands set by hand"] if by_hand else []
        words += [f"{counted(edits, 'change')} logged"] if edits else []
        if words:
            changed.append(f"{one.image} ({', '.join(words)})")
    return [f"Changed by hand: {'; '.join(changed)}."] if changed else []


def _backgrounds(measured: Sequence[ImageOutcome]) -> list[str]:
    """Method of each image; one sentence each."""
    images: dict[str, list[str]] = {}
    for one in measured:
        if one.result is not None:
            images.setdefault(_background(one.result.recipe.background), []).append(one.image)
    if len(images) == 1:
        return [f"Background: {next(iter(images))}."]
    return [f"Background of {', '.join(names)}: {words}." for words, names in images.items()]


def _background(settings: BackgroundSettings) -> str:
    words = _BACKGROUNDS.get(
        settings.method, f"method '{settings.method}' [state what it does and cite it]"
    )
    more = {
        "rolling_ball": "radius "
        + (f"{settings.radius:g} px" if settings.radius else "three times the longest band"),
        "border": f"{settings.border} px, {settings.border_sides.replace('_', ' and ')}",
    }
    return f"{words}, {more[settings.method]}" if settings.method in more else words


def _seen(result: StudyResult) -> list[str]:
    """How many values are doubtful; they are kept."""
    flags = [set(str(cell).split(";")) for cell in result.normalized["flags"]]
    parts = [
        f"{number} {words}"
        for flag, words in _SEEN.items()
        if (number := sum(flag.name in names for names in flags))
    ]
    if not flags or not parts:
        return []
    return [f"Of {counted(len(flags), 'value')}, {listed(parts)}; these were kept and flagged."]


def measuring_cited(run: RunOutcome) -> list[str]:
    """Sources of the backgrounds that were used."""
    methods = dict.fromkeys(
        one.result.recipe.background.method for one in study_images(run) if one.result is not None
    )
    return [_REFERENCES[name] for name in methods if name in _REFERENCES]


def counted(number: int, noun: str) -> str:
    """Number with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def listed(words: Iterable[Any]) -> str:
    """Words as a list in a sentence."""
    texts = [str(word) for word in words]
    if len(texts) < 2:
        return "".join(texts)
    return f"{', '.join(texts[:-1])} and {texts[-1]}"
