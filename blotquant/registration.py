"""Shift and rotation between two images of one membrane, and how far they can be believed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .correlation import Agreement, Pose, band_pattern, refined, shrunk, survey, turned_back
from .evidence import band_evidence
from .flanks import band_flanks, fit_flanks
from .lanes import find_lanes
from .membrane import find_panels
from .membrane_layout import Transform, carried_lane
from .model import Blot, Lane, Panel, Point
from .noise import estimate_noise
from .recipe import FindingSettings
from .scene import Scene, make_scene

__all__ = ["LEAST_CONFIDENCE", "Registration", "register"]

# Below this a shift is not believed: lanes are carried as they are, and that is said.
LEAST_CONFIDENCE = 0.35

# Probes of one membrane are laid down this much askew at most, degrees.
_MAX_ANGLE, _ANGLE_STEP = 3.0, 0.5
# The survey is made on patterns of about this many px, and looks this far (shares of a side).
_SURVEY_SIDE = 360
_REACH_ROWS, _REACH_COLS = 0.5, 0.3
# Small shifts are likelier: what a shift by one lane, and a rotation by one degree, must gain.
_COST_LANE, _COST_DEGREE = 0.05, 0.004
# A whole number of lanes' shift that is nearly as good makes the best one doubtful.
_CLEAR_MARGIN, _CLEAR_VALUE = 0.04, 0.15
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
    pose, margin, value = pair.best_pose()
    rows_known = pair.rows_agree(pose)
    found = pair.transform(pose)
    if not rows_known:
        found = _along_middles(found, panel, other_panel, reference, other)
    found, spread, n_lanes = pair.settled(found)
    confidence = _confidence(margin, value, spread / pair.width, n_lanes)
    if confidence >= LEAST_CONFIDENCE:
        return Registration(found, confidence, rows_known, found)
    still = _along_middles(Transform(pivot=found.pivot), panel, other_panel, reference, other)
    message = (
        f"{other.source.name}: shift against {reference.source.name} not found (confidence "
        f"{confidence:.2f}; best guess {found.dcol:+.1f} px across); lanes are carried over "
        "without a shift, please check them"
    )
    return Registration(still, confidence, False, found, message)


def _confidence(margin: float, value: float, spread: float, n_lanes: int) -> float:
    """How clear the best shift is, how alike the images are there, and how well lanes agree."""
    clear = min(1.0, max(margin, 0.0) / _CLEAR_MARGIN)
    alike = min(1.0, max(value, 0.0) / _CLEAR_VALUE)
    agree = math.exp(-((spread / 0.12) ** 2))
    few = 0.5 if n_lanes == 0 else 1.0
    return clear * alike * agree * few


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
            band_pattern(scenes[0], spacing / factor),
            band_pattern(scenes[1], spacing / factor),
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

    def transform(self, pose: Pose) -> Transform:
        rows, cols = self.patterns[1].shape
        scene = self.scenes[1]
        middle = (scene.full((rows - 1) / 2), scene.full((cols - 1) / 2))
        return pose.transform(middle, self.factor, self.pivot)

    def best_pose(self) -> tuple[Pose, float, float]:
        """Best pose, its margin over those at other lanes, and the correlation there."""
        shrink = max(1, round(max(self.patterns[0].shape) / _SURVEY_SIDE))
        small = [shrunk(pattern, shrink) for pattern in self.patterns]
        tall, wide = (max(size) for size in zip(*(p.shape for p in small), strict=True))
        reach = (max(4, int(_REACH_ROWS * tall)), max(4, int(_REACH_COLS * wide)))
        angles = np.arange(-_MAX_ANGLE, _MAX_ANGLE + 1e-6, _ANGLE_STEP)
        bands = survey(small[0], small[1], angles, reach)
        score = bands.values.astype(np.float64) - self._costs(bands, shrink)
        if self.outlined:
            masks = [
                shrunk(scene.inside.astype(np.float32), shrink) for scene in self.scenes
            ]
            score += survey(masks[0], masks[1], angles, reach).values
        best = np.unravel_index(int(score.argmax()), score.shape)
        dcol = bands.dcols[best[2]]
        elsewhere = np.abs(bands.dcols - dcol) > 0.4 * self.spacing / self.factor / shrink
        rival = float(score[:, :, elsewhere].max()) if elsewhere.any() else 0.0
        pose = Pose(shrink * float(bands.drows[best[1]]), shrink * float(dcol), float(angles[best[0]]))
        pose, value = refined(self.patterns[0], self.patterns[1], pose, float(shrink))
        return pose, float(score[best]) - rival, value

    def _costs(self, bands: Agreement, shrink: int) -> NDArray[np.float64]:
        """What each shift and rotation must gain over none, shape (A, 1, C)."""
        spare = self.patterns[1].shape[1] - self.patterns[0].shape[1]
        lane = self.spacing / self.factor
        dcols = bands.dcols * shrink
        lanes_off = np.minimum(np.abs(dcols), np.abs(dcols - spare / 2)) / lane
        across = _COST_LANE * np.minimum(lanes_off, 3.0) ** 2
        turn = _COST_DEGREE * bands.angles**2
        costs: NDArray[np.float64] = turn[:, None, None] + across[None, None, :]
        return costs

    def rows_agree(self, pose: Pose) -> bool:
        """Whether anything but the strongest row of bands lies on its like."""
        if self.outlined:
            return True
        reference, other = self.patterns
        turned = turned_back(other, pose, reference.shape)
        return _two_rows(reference, turned)

    def settled(self, found: Transform) -> tuple[Transform, float, int]:
        """Transform put right by the sides of the bands, the lanes' spread about it, and how many."""
        reference = band_flanks(self.scenes[0], band_evidence(self.scenes[0]), self.lanes)
        evidence = band_evidence(self.scenes[1])
        spread, n_lanes = 0.0, 0
        for _ in range(2):
            carried = [
                carried_lane(lane, found, self.panels[1], self.blots[1].shape)
                for lane in self.lanes
            ]
            flanks = band_flanks(self.scenes[1], evidence, carried)
            row = self.pivot[0] + found.drow
            shift, turn, spread, n_lanes = fit_flanks(reference, flanks, row, self.factor)
            found = Transform(found.drow, found.dcol + shift, found.angle + turn, found.pivot)
        return found, spread, n_lanes


# The second structure must hold this share of the agreement, beyond this reach of the first.
_SECOND_SHARE = 0.12
_BEYOND = 0.04


def _two_rows(reference: NDArray[np.float32], turned: NDArray[np.float32]) -> bool:
    """Whether two rows of bands, not one, lie on each other."""
    along = (reference * turned).sum(axis=1)
    total = float(np.clip(along, 0, None).sum())
    if total <= 0:
        return False
    row = int(np.argmax(along))
    reach = max(6, int(_BEYOND * max(reference.shape)))
    rest = np.clip(along, 0, None)
    rest[max(0, row - reach) : row + reach + 1] = 0
    return float(rest.sum()) > _SECOND_SHARE * total
