"""A lane as it was read, with its baseline: all that the error of a band depends on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .baseline import Baseline
from .flags import Flag
from .marks import Marks
from .model import Blot, Lane, Profile
from .noise import NoiseModel, level_step
from .order import median
from .reading import SECTIONS, Sections, read_sections

__all__ = ["LaneReading"]

# A JPEG's steps are those of quality 75 where the file does not state them: so many grey levels.
_USUAL_STEP = 1.0
# A curve whose stiffness was told by n stretches of free lane scatters like Student's t: its
# variance is n / (n - 2) times that of a known stiffness. Fewer than this many say no less.
_LEAST_STRETCHES = 5.0
# Neighbouring bins that err alike by more than this say no more than that they do.
_MOST_ALIKE = 0.8


@dataclass(frozen=True, eq=False)
class LaneReading:
    """A lane as it was read, with its baseline: all that the error of a band depends on.

    `roughness` is how much larger the baseline's variance is than its own model has it
    (`blotquant.smoother.roughness`); `beside` are the lanes next to it, where they are known.
    """

    blot: Blot
    lane: Lane
    profile: Profile
    baseline: Baseline
    noise: NoiseModel
    roughness: float = 1.0
    beside: tuple[Lane, ...] = ()

    @cached_property
    def above(self) -> NDArray[np.float64]:
        """Mean signal above the baseline at each row, a.u., shape (N,)."""
        above: NDArray[np.float64] = self.profile.intensity - self.baseline.level
        return above / np.maximum(self.profile.width, 1e-9)

    @cached_property
    def ground_variance(self) -> NDArray[np.float64]:
        """Noise variance of the profile if it were the baseline, shape (N,)."""
        width = self.profile.width
        level = self.baseline.level / np.maximum(width, 1e-9)
        return self.noise.variance(level) * width

    @cached_property
    def bridging(self) -> float:
        """Factor of the baseline's variance: what its own model does not know of its errors.

        By its checks, by how few rows told its shape, and by how alike neighbouring rows err.
        """
        stretches = max(self.baseline.stretches, _LEAST_STRETCHES)
        alike = min(max(self.baseline.correlation, 0.0), _MOST_ALIKE)
        return self.roughness / (1 - 2 / stretches) * (1 + alike) / (1 - alike)

    @cached_property
    def baseline_variance(self) -> NDArray[np.float64]:
        """Variance of the baseline summed over each band, (a.u. x px)^2, shape (B,)."""
        curve = np.array(self.baseline.band_variance)
        return np.asarray(self.baseline.own_variance + (self.bridging - 1) * curve)

    @cached_property
    def rounded(self) -> float:
        """Step to which pixels, or a JPEG's blocks, of the background are rounded alike, a.u."""
        step = level_step(self.blot)
        if Flag.LOSSY in self.blot.flags:
            return (self.blot.block_step or _USUAL_STEP) * step
        if self.blot.pixels.dtype.kind == "f":
            return 0.0
        variance = median(self.ground_variance / np.maximum(self.profile.width, 1e-9))
        return step * math.exp(-2 * (math.pi / step) ** 2 * max(variance - step**2 / 12, 0.0))

    @cached_property
    def net(self) -> NDArray[np.float64]:
        """Signal above the baseline, summed across the lane at each row, a.u. x px, shape (N,)."""
        return np.asarray(self.above * self.profile.width)

    @cached_property
    def shot_variance(self) -> NDArray[np.float64]:
        """Noise variance that the bands' own signal adds to that of the baseline, shape (N,)."""
        return np.maximum(self.profile.variance - self.ground_variance, 0.0)

    @property
    def marks(self) -> Marks:
        """Specks and scratches that were filled in; of no rows where there were none."""
        return self._sections.marks

    @property
    def marked(self) -> NDArray[np.float64]:
        """What specks and scratches were worth, a.u. x px, shape (N,)."""
        taken = self.marks.taken
        return taken if taken.size else np.zeros(self.profile.position.size)

    @property
    def doubt(self) -> NDArray[np.float64]:
        """How far the fill of specks and scratches may be off, a.u. x px, shape (N,)."""
        doubt = self.marks.doubt
        return doubt if doubt.size else np.zeros(self.profile.position.size)

    @cached_property
    def outermost(self) -> NDArray[np.float64]:
        """Signal of the lane's outermost px on its left and right side, a.u., shape (2, N)."""
        return self._sections.outermost

    @cached_property
    def at_sides(self) -> NDArray[np.float64]:
        """Signal at the lane's left and right side, over 3 px each, a.u., shape (2, N)."""
        return self._sections.sides

    @cached_property
    def in_sides(self) -> NDArray[np.float64]:
        """Mean signal of the lane's outermost sections, a.u., shape (2, N)."""
        sections = self._sections.intensity[[0, -1]]
        return np.asarray(sections * SECTIONS / np.maximum(self.profile.width, 1e-9))

    @cached_property
    def _sections(self) -> Sections:
        return read_sections(self.blot, self.lane, self.noise)
