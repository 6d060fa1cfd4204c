"""What blotquant promises of its numbers, and whether what was measured keeps it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

# Kinds whose net density may be off by 3 % in the median instead of 1 %.
HARDER = ("doublets", "strip_cloudy", "smear")
# Clean membranes: here the ratio to the loading control is promised.
CLEAN = ("clean",)


@dataclass(frozen=True)
class Promise:
    """Bounds of one figure; `percent` figures are shares that are shown as %."""

    words: str
    low: float = -np.inf
    high: float = np.inf
    form: str = "{:.3f}"
    percent: bool = False

    def shown(self, value: float) -> str:
        """The value as a cell; a dash where there was nothing to count."""
        if not np.isfinite(value):
            return "-"
        return self.form.format(100 * value) + " %" if self.percent else self.form.format(value)

    @property
    def bound(self) -> str:
        """The bounds as a cell."""
        if np.isinf(self.low) and np.isinf(self.high):
            return ""
        if np.isinf(self.high):
            return "≥ " + self.shown(self.low)
        if np.isinf(self.low):
            return "≤ " + self.shown(self.high)
        return f"{self.shown(self.low)} to {self.shown(self.high)}"

    def kept(self, value: float) -> bool:
        """Whether the value lies within the bounds, they themselves included."""
        return bool(self.low <= value <= self.high)


@dataclass
class Judged:
    """A section's text and the promises that it found missed."""

    missed: list[str] = field(default_factory=list)

    def verdict(self, where: str, promise: Promise, value: float) -> bool | None:
        """Note a miss; None where there was nothing to count."""
        if not np.isfinite(value):
            return None
        if not promise.kept(value):
            self.missed.append(
                f"{where}: {promise.words} {promise.shown(value)} ({promise.bound} promised)"
            )
        return promise.kept(value)

    def row(self, where: str, promises: dict[str, Promise], values: dict[str, float]) -> list[str]:
        """Cells of the values and, last, whether all hold or which do not."""
        answers = {key: self.verdict(where, one, values[key]) for key, one in promises.items()}
        wrong = [promises[key].words for key, kept in answers.items() if kept is False]
        told = "**no**: " + ", ".join(wrong) if wrong else "yes"
        cells = [one.shown(values[key]) for key, one in promises.items()]
        return [*cells, "-" if set(answers.values()) <= {None} else told]

    def line(self, promise: Promise, value: float, count: int, where: str = "") -> list[str]:
        """One promise as a line of its own: words, n, measured, bound, answer."""
        kept = self.verdict(where or "over all", promise, value)
        words = promise.words if not where else f"{where}: {promise.words}"
        answer = "-" if kept is None else "yes" if kept else "**no**"
        return [words, str(count), promise.shown(value), promise.bound, answer]


FOUND = {
    "exact": Promise("lane count exact", low=0.98, form="{:.1f}", percent=True),
    "recall": Promise("recall, SNR ≥ 20", low=0.985),
    "precision": Promise("precision, SNR ≥ 20", low=0.985),
    "recall_fair": Promise("recall, SNR 10 to 20", low=0.95),
    "precision_fair": Promise("precision, SNR ≥ 10", low=0.95),
}


def density_promises(kind: str) -> dict[str, Promise]:
    """Bounds of the net density and its standard error in one kind."""
    median = 0.03 if kind in HARDER else 0.01
    ratio = 0.005 if kind in CLEAN else np.inf
    return {
        "median": Promise("median error", high=median, form="{:.2f}", percent=True),
        "p95": Promise("95th percentile", high=0.08, form="{:.1f}", percent=True),
        "bias": Promise("bias", form="{:+.2f}", percent=True),
        "spread": Promise("SD of z", low=0.9, high=1.1, form="{:.2f}"),
        "one": Promise("within 1 SE", form="{:.0f}", percent=True),
        "two": Promise("within 2 SE", low=0.9, high=0.98, form="{:.1f}", percent=True),
        "ratio": Promise("ratio to the control", high=ratio, form="{:.2f}", percent=True),
    }


DOUBLETS = {
    "found": Promise("found", form="{:.1f}", percent=True),
    "median": Promise("median error", high=0.05, form="{:.2f}", percent=True),
    "p95": Promise("95th percentile", high=0.20, form="{:.1f}", percent=True),
    "spread": Promise("SD of z", low=0.9, high=1.1, form="{:.2f}"),
    "two": Promise("within 2 SE", low=0.9, high=0.98, form="{:.1f}", percent=True),
}
WEAK = {
    "found": Promise("found", low=0.985, form="{:.1f}", percent=True),
    "bias": Promise("bias", low=-0.03, high=0.03, form="{:+.2f}", percent=True),
    "median": Promise("median error", form="{:.2f}", percent=True),
    "spread": Promise("SD of z", low=0.9, high=1.1, form="{:.2f}"),
    "two": Promise("within 2 SE", low=0.9, high=0.98, form="{:.1f}", percent=True),
}
MARKS = {
    "median": Promise("shift of the median net density", high=0.005, form="{:.2f}", percent=True),
    "largest": Promise("largest shift of a band", high=0.10, form="{:.1f}", percent=True),
}
FORENSICS = {
    "jpeg": Promise("JPEG 75 saved as TIFF", low=0.95, form="{:.1f}", percent=True),
    "stretch": Promise("8-bit copy stretched or bent", low=0.95, form="{:.1f}", percent=True),
    "splice": Promise("two blots joined", low=0.9, form="{:.1f}", percent=True),
    "copy": Promise("band copied within a picture", low=0.9, form="{:.1f}", percent=True),
    "between": Promise("band copied into another picture", low=0.9, form="{:.1f}", percent=True),
}
# What must not be said of a clean blot.
ALARMS = {
    what: Promise(f"clean blots: {words}", high=0.01, form="{:.1f}", percent=True)
    for what, words in {
        "any": "any of the alarms below",
        "lossy": "lossy",
        "stretched": "stretched",
        "joined": "joined",
        "repeated": "repeated",
        "resized": "resized",
        "screenshot": "screenshot",
        "background_subtracted": "background subtracted",
    }.items()
}
