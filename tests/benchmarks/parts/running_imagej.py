"""ImageJ itself on a picture, run by the scripts that lie beside the repository.

Nothing of ImageJ or of those scripts is part of the project; where they or a Java compiler are not
installed, `why_not` says so and the numbers of an earlier run are shown.
"""

from __future__ import annotations

import shutil
import statistics
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from parts.by_hand import Gel, Peak

HARNESS = Path(__file__).resolve().parents[4] / "shared" / "imagej"
# ImageJ's ways, in the order of the tables.
WAYS = ("window", "unrounded", "drop", "rolling")
RADIUS = 50
# The first calls run before Java has compiled them.
_WARM_UP, _TIMED = 3, 7


def why_not() -> str:
    """Why ImageJ cannot be run here; the empty string where it can."""
    if not (HARNESS / "imagej_gel.py").is_file():
        return "the scripts that run ImageJ (../shared/imagej) are not here"
    try:
        _harness("_ij").find_jar()
    except RuntimeError:
        return "ImageJ is not installed"
    missing = [name for name in ("java", "javac", "Xvfb") if not shutil.which(name)]
    return f"{', '.join(missing)} not installed" if missing else ""


def _harness(name: str) -> Any:
    """A module of the scripts, without leaving anything in their folder."""
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    if str(HARNESS) not in sys.path:
        sys.path.append(str(HARNESS))
    try:
        return __import__(name)
    finally:
        sys.dont_write_bytecode = before


@dataclass(frozen=True)
class Picture:
    """A file for ImageJ: bands dark on light or not, and the largest grey level of its type."""

    path: Path
    dark: bool
    white: int


class ImageJ:
    """Two kept Java machines: one without a screen, one with a screen of its own for the window."""

    def __enter__(self) -> ImageJ:
        self._stack = ExitStack()
        start = _harness("_ij").IJ
        self._plain = self._stack.enter_context(start(heap="1g"))
        self._window = self._stack.enter_context(start(gui=True, heap="1g"))
        self.version = str(self._plain.info["imagej"])
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()
        for one in (self._plain, self._window):
            for pipe in (one.p.stdin, one.p.stdout, one.log):
                pipe.close()

    def volumes(self, picture: Picture, gels: list[Gel], count: int) -> NDArray[np.float64]:
        """Volume of each band by each of `WAYS`, shape (4, count), grey levels; NaN for none.

        `window`: the Gel Analyzer as a person uses it, its areas counted in the plot; a group of
        overlapping bands with one baseline cannot be asked of it there. `unrounded`: ImageJ's
        profile above the same lines, summed. `drop`: the profile above its lowest value.
        `rolling`: Subtract Background, then Measure on the band's rectangle.
        """
        found = np.full((len(WAYS), count), np.nan)
        for gel in gels:
            self._gel(picture, gel, found)
        found[WAYS.index("rolling")] = self._rolling(picture, gels, count)
        return found

    def _analyzed(self, picture: Picture, gel: Gel) -> dict[str, Any]:
        top = gel.rectangles[0][1]
        peaks = {
            k: [(peak.start - top, peak.stop - top) for peak in lane]
            for k, lane in enumerate(gel.peaks)
        }
        answer: dict[str, Any] = _harness("imagej_gel").gel_analyze(
            picture.path,
            gel.rectangles,
            peaks=peaks,
            invert=picture.dark,
            orient="v",
            ij=self._plain,
            ij_gui=self._window,
        )
        return answer

    def _gel(self, picture: Picture, gel: Gel, found: NDArray[np.float64]) -> None:
        answer = self._analyzed(picture, gel)
        top, wide = gel.rectangles[0][1], gel.rectangles[0][2]
        peaks = [(k, peak) for k, lane in enumerate(gel.peaks) for peak in lane]
        for (lane, peak), row in zip(peaks, answer["peaks"], strict=True):
            profile = np.array(answer["profiles"][lane])
            if peak.alone and row.get("area_gray_px") is not None:
                found[0, peak.index] = row["area_gray_px"] * wide
            found[1, peak.index] = _above_line(profile, peak, top) * wide
            lowest = _harness("imagej_gel").exact_area(profile, row["start"], row["end"], "drop")
            found[2, peak.index] = lowest * wide

    def _rolling(self, picture: Picture, gels: list[Gel], count: int) -> NDArray[np.float64]:
        done = picture.path.with_suffix(".rolled.tif")
        _harness("imagej_rolling").rolling(
            picture.path, done, RADIUS, light=picture.dark, ij=self._plain
        )
        boxes = [
            (peak.index, (rectangle[0], peak.start, rectangle[2], peak.stop - peak.start + 1))
            for gel in gels
            for rectangle, lane in zip(gel.rectangles, gel.peaks, strict=True)
            for peak in lane
        ]
        measured = _harness("imagej_measure").measure(
            done, [box for _, box in boxes], pixels=True, ij=self._plain
        )
        done.unlink()
        found = np.full(count, np.nan)
        for (index, box), one in zip(boxes, measured["rois"], strict=True):
            raw = float(one["RawIntDen"])
            found[index] = picture.white * box[2] * box[3] - raw if picture.dark else raw
        return found

    def times_ms(self, picture: Picture, gels: list[Gel]) -> tuple[float, float]:
        """Median ms of the Gel Analyzer (plot and areas, no person) and of the rolling ball."""
        gel = [
            sum(
                part["plot_ms"] + part["peaks_ms"]
                for one in gels
                for part in self._analyzed(picture, one)["gui"]
            )
            for _ in range(_WARM_UP + _TIMED)
        ]
        done = picture.path.with_suffix(".rolled.tif")
        ball = _harness("imagej_rolling").rolling(
            picture.path,
            done,
            RADIUS,
            light=picture.dark,
            repeat=_WARM_UP + _TIMED,
            ij=self._plain,
        )["op_ms"]
        done.unlink()
        return statistics.median(gel[_WARM_UP:]), statistics.median(ball[_WARM_UP:])


def _above_line(profile: NDArray[np.float64], peak: Peak, top: int) -> float:
    """Trapezoid area of the profile above a straight line between the baseline's feet."""
    start, stop = peak.start - top, peak.stop - top
    feet = [row - top for row in peak.foot]
    rows = np.arange(start, stop + 1)
    return float(np.trapezoid(profile[rows] - np.interp(rows, feet, profile[feet])))


def picture_of(path: Path, *, dark: bool, white: int) -> Picture:
    """A file as ImageJ reads it: TIFFs are checked to be plain, which it needs."""
    if path.suffix == ".tif":
        with tifffile.TiffFile(path) as file:
            if file.pages[0].compression != 1:
                raise ValueError(f"{path.name}: ImageJ reads compressed TIFFs as noise")
    return Picture(path, dark, white)
