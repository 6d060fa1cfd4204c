"""Shift and rotation between two images of one membrane, and how far they can be believed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .correlation import Agreement, Pose, band_pattern, refined, shrunk, survey
from .evidence import band_evidence
from .flanks import band_flanks, fit_flanks
from .lanes import find_lanes
from .membrane import find_panels
from .membrane_layout import Transform, carried_lanes, is_shown
from .model import Blot, Lane, Panel, Point
from .noise import estimate_noise
from .recipe import FindingSettings
from .scene import Scene, make_scene
from .straightening import LaneBend, comb_share, lane_comb

__all__ = ["LEAST_CONFIDENCE", "Registration", "register"]

# Below this a shift is not believed: lanes are carried as they are, and that is said.
LEAST_CONFIDENCE = 0.35

# Probes of one membrane are laid down this much askew at most, degrees.
_MAX_ANGLE, _ANGLE_STEP = 3.0, 0.5
# The survey is made on patterns of about this many px, and looks this far (shares of a side).
_SURVEY_SIDE = 360
_REACH_ROWS, _REACH_COLS = 0.5, 0.3
# Images of one size are shifted along the lanes by no more than this share of the height.
_SHIFT_ROWS = 0.12
# Small shifts are likelier: what a shift by one lane, and a rotation by one degree, must gain.
_COST_LANE, _COST_DEGREE = 0.06, 0.012
# What bands over bands count beside bands on lanes: little where they are of different rows.
_SAME_ROWS, _WHICH_LANE, _WHICH_TURN = 1.0, 0.03, 0.3
# What the outlines' overlap counts: a px off costs a few thousandths of it.
_OUTLINE = 8.0
# A rival at other lanes that is nearly as good makes the best shift doubtful: half a spacing to
# either side is worth 0, and with few lanes nothing but the cost of the shift decides.
_CLEAR_MARGIN = 0.04
# Of the pattern so much more lies on lanes than beside, if the lanes are the right ones.
_CLEAR_SHARE = 0.45
# Lanes that disagree by this share of their width about the shift leave a third of the confidence.
_SPREAD = 0.15
# Outlines of one membrane agree in area to this share.
_SAME_AREA = 0.15


@dataclass(frozen=True)
class Registration:
    """How another image lies against the reference image.

    Parameters
    ----------
    transform : Transform
        From the reference to the other image; the identity (but for the middles of strips of
        different height) where no shift was believed.
    confidence : float
        0 to 1, that lanes end up on their own lanes.
    rows_known : bool
        False where the images show nothing in common along the lanes: strips of different
        targets. `transform.drow` then means nothing.
    found : Transform
        Best estimate, also where it was not believed.
    message : str
        One line where something has to be said; else empty.
    """

    transform: Transform
    confidence: float
    rows_known: bool
    found: Transform
    message: str = ""

    @property
    def believed(self) -> bool:
        """Whether the shift that was found is the one in use."""
        return self.confidence >= LEAST_CONFIDENCE


def register(reference: Blot, other: Blot, *, lanes: Sequence[Lane] = ()) -> Registration:
    """Estimate shift and rotation between two images of one membrane, of one scale.

    The images show different bands. What they have in common is where the lanes stand, how rows
    slope, bands carried over from an earlier probe, and the membrane's outline. Patterns that say
    where bands and gaps are, whatever the bands' strength, are correlated at all shifts for
    rotations up to 3 degrees, with the outlines' overlap where both have one; the best is refined
    and checked against the sides of the bands in each lane.

    Parameters
    ----------
    reference, other : Blot
        They may differ in size, but not in scale.
    lanes : sequence of Lane, optional
        Of the reference image; found there otherwise.

    Returns
    -------
    Registration
        A shift of low confidence is not used, and `message` says so.

    Raises
    ------
    NothingFound
        If no lanes were given and the reference shows none.
    """
    panel, other_panel = find_panels(reference)[0], find_panels(other)[0]
    if not lanes:
        lanes = find_lanes(reference, (panel,), estimate_noise(reference), FindingSettings())
    pair = _Pair.of(reference, other, panel, other_panel, lanes)
    found, rows_known, margin, share = pair.surveyed()
    found, spread, n_lanes = pair.settled(found)
    confidence = _confidence(margin, share, spread / pair.width, n_lanes)
    if confidence >= LEAST_CONFIDENCE:
        message = ""
        if 2 * n_lanes < len(lanes) and not rows_known:
            message = (
                f"{other.source.name}: bands in {n_lanes} of {len(lanes)} lanes only; the smallest "
                f"shift against {reference.source.name} that fits is used "
                f"({found.dcol:+.1f} px across)"
            )
        return Registration(found, confidence, rows_known, found, message)
    still = _along_middles(Transform(pivot=found.pivot), panel, other_panel, reference, other)
    message = (
        f"{other.source.name}: shift against {reference.source.name} not found (confidence "
        f"{confidence:.2f}; best guess {found.dcol:+.1f} px across); lanes are carried over "
        "without a shift, please check them"
    )
    return Registration(still, confidence, False, found, message)


def _confidence(margin: float, share: float, spread: float, n_lanes: int) -> float:
    """How clear the best shift is, how much lies on lanes there, and how well lanes agree."""
    clear = min(1.0, max(margin, 0.0) / _CLEAR_MARGIN)
    on_lanes = min(1.0, max(share, 0.0) / _CLEAR_SHARE)
    agree = math.exp(-((spread / _SPREAD) ** 2)) if n_lanes else 0.0
    return clear * on_lanes * agree


def _along_middles(
    transform: Transform, panel: Panel, other_panel: Panel, reference: Blot, other: Blot
) -> Transform:
    """Transform by which the middles of the two membranes lie at one height."""
    here, there = _middle_row(panel, reference), _middle_row(other_panel, other)
    at = transform.at((here, transform.pivot[1]))
    moved = Transform(there - here, at.dcol, at.angle, at.pivot)
    return moved.at(transform.pivot)


def _middle_row(panel: Panel, blot: Blot) -> float:
    rows = [row for row, _ in panel.outline] or [0.0, blot.shape[0] - 1.0]
    return (min(rows) + max(rows)) / 2


@dataclass(frozen=True, eq=False)
class _Pair:
    """Two images, reduced alike."""

    lanes: tuple[Lane, ...]
    blots: tuple[Blot, Blot]
    panels: tuple[Panel, Panel]
    scenes: tuple[Scene, Scene]
    patterns: tuple[NDArray[np.float32], NDArray[np.float32]]
    spacing: float  # px of the picture
    width: float
    pivot: Point

    @classmethod
    def of(
        cls, reference: Blot, other: Blot, panel: Panel, other_panel: Panel, lanes: Sequence[Lane]
    ) -> _Pair:
        factor = max(1, max(*reference.shape, *other.shape) // 800)
        scenes = (make_scene(reference, panel, factor), make_scene(other, other_panel, factor))
        middles = np.array([np.mean(lane.path, axis=0) for lane in lanes])
        width = float(np.median([lane.width for lane in lanes]))
        apart = np.diff(np.sort(middles[:, 1]))
        spacing = float(np.median(apart)) if apart.size else 1.5 * width
        patterns = (
            band_pattern(scenes[0], spacing / factor, width / factor),
            band_pattern(scenes[1], spacing / factor, width / factor),
        )
        pivot = (float(middles[:, 0].mean()), float(middles[:, 1].mean()))
        return cls(
            tuple(lanes),
            (reference, other),
            (panel, other_panel),
            scenes,
            patterns,
            spacing,
            width,
            pivot,
        )

    @property
    def factor(self) -> int:
        return self.scenes[0].factor

    @property
    def outlined(self) -> bool:
        """Whether both images show the outline of one membrane."""
        sizes = [float(scene.inside.sum()) for scene in self.scenes]
        whole = any(bool(scene.inside.all()) for scene in self.scenes)
        return not whole and abs(math.log(sizes[0] / sizes[1])) < _SAME_AREA

    @property
    def middle(self) -> Point:
        """Middle of the other picture's scene, px of the picture."""
        rows, cols = self.patterns[1].shape
        return self.scenes[1].full((rows - 1) / 2), self.scenes[1].full((cols - 1) / 2)

    @property
    def mid_rows(self) -> tuple[float, float]:
        """Rows of the two pictures at which the membranes' middles lie."""
        first, second = (
            _middle_row(panel, blot) for panel, blot in zip(self.panels, self.blots, strict=True)
        )
        return first, second

    def surveyed(self) -> tuple[Transform, bool, float, float]:
        """Best transform, whether rows are known, margin over other lanes, share on lanes."""
        maps = _Maps.of(self)
        likely = maps.share - self._costs(maps)
        drows = np.arange(maps.bands.drows.size)
        if maps.masks is not None:
            likely = likely + _OUTLINE * maps.masks
        else:
            drows = np.flatnonzero(self._plausible_rows(maps))
        score = _SAME_ROWS * maps.bands.values + likely
        best = _top(score, drows)
        same_rows = _two_rows(maps.straight, maps.others[best[0]], maps.bands, best)
        if not same_rows:
            drows = np.arange(maps.bands.drows.size)
            score = _WHICH_LANE * maps.bands.values + likely
            best = _top(score, drows)
        away = np.abs(maps.bands.dcols - maps.bands.dcols[best[2]]) * maps.factor / self.spacing
        margin = float(score[best]) - _largest(score[:, drows], away > 0.25)
        if not same_rows:  # on these lanes, which rotation lays rows along rows
            score = np.where(away < 0.25, _WHICH_TURN * maps.bands.values + likely, -np.inf)
            best = _top(score, drows)
        found = self._placed(maps, score, best, maps.outlined or same_rows)
        if same_rows:
            found = self._climbed(found, self.patterns, maps.factor / self.factor)
        share = float(maps.share[best[0], 0, best[2]])
        return found, maps.outlined or same_rows, margin, share

    def _plausible_rows(self, maps: _Maps) -> NDArray[np.bool_]:
        """Shifts along the lanes that two images of one membrane can have, shape (R,)."""
        here, there = self.mid_rows
        tall = min(blot.shape[0] for blot in self.blots)
        away = np.abs(maps.bands.drows * maps.factor - (there - here))
        plausible: NDArray[np.bool_] = away <= max(_SHIFT_ROWS * tall, 24.0)
        return plausible

    def _costs(self, maps: _Maps) -> NDArray[np.float64]:
        """What each shift and rotation must gain over none, shape (A, 1, C)."""
        dcols = maps.bands.dcols * maps.factor
        # a narrower image may be cut from anywhere of the wider one
        spare = self.blots[1].shape[1] - self.blots[0].shape[1]
        beyond = np.maximum(dcols - max(spare, 0), min(spare, 0) - dcols)
        lanes_off = np.maximum(beyond, 0.0) / self.spacing
        degree = 0.0 if maps.outlined else _COST_DEGREE
        across, turn = _COST_LANE * lanes_off, degree * maps.bands.angles**2
        costs: NDArray[np.float64] = turn[:, None, None] + across[None, None, :]
        return costs

    def _placed(
        self, maps: _Maps, score: NDArray[np.float64], best: tuple[int, int, int], known: bool
    ) -> Transform:
        """Transform of the best shift, between the survey's steps."""
        angle, drow, dcol = (
            float(axis[k] + (axis[1] - axis[0]) * _vertex(np.moveaxis(score, n, 0), k, best, n))
            for n, (axis, k) in enumerate(
                zip((maps.bands.angles, maps.bands.drows, maps.bands.dcols), best, strict=True)
            )
        )
        here, there = self.mid_rows
        down = drow * maps.factor if known else there - here
        # where the lanes' middle at mid-height has gone, before the picture was turned
        col = float(maps.bend.column(maps.bend.middle + dcol * maps.factor, here + down - there))
        row, col = (float(v) for v in Transform(0.0, 0.0, angle, self.middle)(here + down, col))
        moved = Transform(row - here, col - maps.bend.middle, angle, (here, maps.bend.middle))
        return moved.at(self.pivot)

    def _climbed(
        self,
        found: Transform,
        patterns: tuple[NDArray[np.float32], NDArray[np.float32]],
        step: float,
    ) -> Transform:
        """Transform at the nearest top of the correlation of bands, rows and all."""
        pose, _ = refined(*patterns, Pose.of(found, self.middle, self.factor), step)
        return pose.transform(self.middle, self.factor, self.pivot)

    def settled(self, found: Transform) -> tuple[Transform, float, int]:
        """Transform put right by the bands' sides, the lanes' spread about it, their number."""
        reference = band_flanks(self.scenes[0], band_evidence(self.scenes[0]), self.lanes)
        evidence = band_evidence(self.scenes[1])
        shape = self.blots[1].shape
        spread, n_lanes = 0.0, 0
        for _ in range(2):
            carried = carried_lanes(self.lanes, found, self.panels[1:], shape)
            shown = [lane if is_shown(lane, shape) else None for lane in carried]
            flanks = band_flanks(self.scenes[1], evidence, shown)
            row = self.pivot[0] + found.drow
            shift, turn, spread, n_lanes = fit_flanks(reference, flanks, row, self.factor)
            turn = float(np.clip(turn, -_ANGLE_STEP, _ANGLE_STEP))
            found = Transform(found.drow, found.dcol + shift, found.angle + turn, found.pivot)
        return found, spread, n_lanes


@dataclass(frozen=True, eq=False)
class _Maps:
    """How well the images agree at every shift and rotation."""

    factor: int  # px of the pictures per px of the maps
    bend: LaneBend
    straight: NDArray[np.float32]
    others: list[NDArray[np.float32]]
    bands: Agreement
    share: NDArray[np.float64]  # of the pattern on lanes, (A, 1, C)
    masks: NDArray[np.float32] | None

    @classmethod
    def of(cls, pair: _Pair) -> _Maps:
        shrink = max(1, round(max(pair.patterns[0].shape) / _SURVEY_SIDE))
        factor = shrink * pair.factor
        small = [shrunk(pattern, shrink) for pattern in pair.patterns]
        bend = LaneBend.of(pair.lanes, pair.mid_rows[0])
        mids = [(row + 0.5) / factor - 0.5 for row in pair.mid_rows]
        angles = np.arange(-_MAX_ANGLE, _MAX_ANGLE + 1e-6, _ANGLE_STEP)
        tall, wide = (max(sizes) for sizes in zip(*(p.shape for p in small), strict=True))
        spare = abs(small[0].shape[1] - small[1].shape[1])
        reach = (max(4, int(_REACH_ROWS * tall)), max(4, int(_REACH_COLS * wide) + spare))

        def turned(pattern: NDArray[np.float32]) -> list[NDArray[np.float32]]:
            return [bend.straightened(pattern, mids[1], factor, float(angle)) for angle in angles]

        straight, others = bend.straightened(small[0], mids[0], factor), turned(small[1])
        bands = survey(straight, others, angles, reach)
        masks = None
        if pair.outlined:
            inside = [shrunk(scene.inside.astype(np.float32), shrink) for scene in pair.scenes]
            whole = bend.straightened(inside[0], mids[0], factor)
            masks = survey(whole, turned(inside[1]), angles, reach).values
        centers = np.array([float(lane.center(pair.mid_rows[0])) for lane in pair.lanes])
        widths = np.array([lane.width for lane in pair.lanes])
        comb = lane_comb((centers + 0.5) / factor - 0.5, widths / factor, straight.shape[1])
        share = np.array([comb_share(other, comb, bands.dcols) for other in others])
        return cls(factor, bend, straight, others, bands, share[:, None, :], masks)

    @property
    def outlined(self) -> bool:
        return self.masks is not None


def _top(score: NDArray[np.float64], drows: NDArray[np.intp]) -> tuple[int, int, int]:
    """Index of the largest score among some shifts along the lanes."""
    part = score[:, drows]
    angle, drow, dcol = np.unravel_index(int(part.argmax()), part.shape)
    return int(angle), int(drows[drow]), int(dcol)


def _largest(score: NDArray[np.float64], columns: NDArray[np.bool_]) -> float:
    return float(score[:, :, columns].max()) if columns.any() else -1.0


def _vertex(values: NDArray[np.float64], k: int, best: tuple[int, int, int], axis: int) -> float:
    """Offset of a parabola's top along one axis (moved to the front), in steps."""
    others = tuple(index for n, index in enumerate(best) if n != axis)
    if not 0 < k < values.shape[0] - 1:
        return 0.0
    a, b, c = (float(values[(k + step, *others)]) for step in (-1, 0, 1))
    bend = a - 2 * b + c
    if not math.isfinite(bend):
        return 0.0
    return float(np.clip(0.5 * (a - c) / bend, -0.5, 0.5)) if bend < 0 else 0.0


# The second structure must hold this share of the agreement, beyond this reach of the first.
_SECOND_SHARE = 0.15
_BEYOND = 0.04
# The bands that lie on each other must explain this much, and rows over other rows but this share.
_SAME_VALUE, _UNLIKE = 0.3, 0.75


def _two_rows(
    reference: NDArray[np.float32],
    other: NDArray[np.float32],
    bands: Agreement,
    best: tuple[int, int, int],
) -> bool:
    """Whether two rows of bands, not one, lie on each other at a shift."""
    angle, row, col = best
    apart = np.abs(np.arange(bands.drows.size) - row) > _BEYOND * max(reference.shape)
    rival = float(bands.values[angle, apart, col].max())
    if bands.values[best] < _SAME_VALUE or rival > _UNLIKE * bands.values[best]:
        return False
    drow, dcol = int(bands.drows[row]), int(bands.dcols[col])
    shift = np.array([[1.0, 0.0, -dcol], [0.0, 1.0, -drow]])
    moved = cv2.warpAffine(other, shift, reference.shape[::-1], flags=cv2.INTER_NEAREST)
    along = np.clip((reference * moved).sum(axis=1), 0, None)
    total = float(along.sum())
    strongest = int(np.argmax(along))
    reach = max(6, int(_BEYOND * max(reference.shape)))
    along[max(0, strongest - reach) : strongest + reach + 1] = 0
    return float(along.sum()) > _SECOND_SHARE * total
