"""Values relative to reference lanes: over their geometric mean, on the same membrane."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from blotquant.normalize.strips import LaneReading, Strip

__all__ = ["Reference"]


class Reference:
    """The reference lanes of a run, and what could not be referred to them.

    Parameters
    ----------
    lanes : iterable of int
        Numbers of the reference lanes in each image, from 1; none gives no relative values.
    """

    def __init__(self, lanes: Iterable[int]) -> None:
        self._lanes = frozenset(lanes)
        self._lost: dict[str, set[str]] = {}

    def of(self, strip: Strip, values: Sequence[float]) -> list[float]:
        """Values over the geometric mean of those in the reference lanes.

        NaN for all where one of the reference lanes is missing, below detection or not above 0:
        then the scale would be noise. The reason goes into `messages`.

        Parameters
        ----------
        strip : Strip
        values : sequence of float
            One per reading of the strip.

        Returns
        -------
        list of float
        """
        nothing = [math.nan] * len(strip.readings)
        if not self._lanes:
            return nothing
        pairs = [
            (reading, value)
            for reading, value in zip(strip.readings, values, strict=True)
            if reading.lane in self._lanes
        ]
        fault = self._fault(pairs)
        if fault:
            self._lost.setdefault(fault, set()).add(strip.image)
            return nothing
        scale = math.exp(math.fsum(math.log(value) for _, value in pairs) / len(pairs))
        return [value / scale for value in values]

    def _fault(self, pairs: Sequence[tuple[LaneReading, float]]) -> str:
        """Why these readings cannot be a reference, or nothing."""
        missing = self._lanes - {reading.lane for reading, _ in pairs}
        if missing:
            return f"reference {_numbered(missing)} not among the sample lanes"
        absent = [reading.lane for reading, _ in pairs if not reading.detected]
        if absent:
            return f"reference {_numbered(absent)} below detection"
        useless = [reading.lane for reading, value in pairs if not value > 0]
        if useless:
            return f"reference {_numbered(useless)} without a value above 0"
        return ""

    def messages(self) -> tuple[str, ...]:
        """One line for each reason, with its images."""
        return tuple(
            f"no relative densities in {', '.join(sorted(images))}: {fault}"
            for fault, images in sorted(self._lost.items())
        )


def _numbered(lanes: Iterable[int]) -> str:
    numbers = sorted(lanes)
    return f"lane{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"
