"""The other simulator's parameters, and its kinds of blots as data; `other_blot` draws.

Nothing of `blotquant.simulate` is used or copied: the other bands follow other laws, so that
blotquant is not judged by the shapes alone that its own simulator knows.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Between:
    """A number drawn evenly between two, both included; whole where both are.

    `powers` draws the power of ten; `either_side` draws the sign too.
    """

    low: float
    high: float
    powers: bool = False
    either_side: bool = False

    def draw(self, rng: np.random.Generator) -> float | int:
        """Draw one value."""
        if isinstance(self.low, int) and isinstance(self.high, int):
            return int(rng.integers(self.low, self.high + 1))
        value = float(rng.uniform(self.low, self.high))
        value = 10.0**value if self.powers else value
        return value * float(rng.choice((-1, 1))) if self.either_side else value


@dataclass(frozen=True)
class OneOf:
    """One of some values, all as likely."""

    values: tuple[int | float | str | bool, ...]

    def draw(self, rng: np.random.Generator) -> int | float | str | bool:
        """Draw one value."""
        return self.values[int(rng.integers(len(self.values)))]


Value = int | float | str | bool | Between | OneOf


@dataclass(frozen=True)
class OtherSpec:
    """Parameters of one blot of the other simulator; light is counted in grey levels of 16 bits.

    Parameters
    ----------
    lanes, rows : int
        Lanes, and rows of bands.
    height : int
        Height of the membrane, px.
    pitch : float
        Distance of neighbouring lanes, px.
    fill : float
        Width of a lane, in pitches.
    side : float
        From the picture's side to the middle of the outermost lane, in pitches.
    pitch_jitter, width_jitter : float
        SD of the lanes' places, in pitches, and of their relative widths.
    row_jitter : float
        Range of a row's place, in distances of rows.
    lean : float
        Columns per row by which all lanes lean.
    fan : float
        Widening of the lane pattern from top to bottom.
    bow : float
        Bow of all lanes, in pitches.
    smile, slope : float
        By how much a row lies lower at the sides than in the middle, and at the right than in the
        middle, px.
    edge : float
        Softness of a band's ends across the lane: SD in half widths.
    gaussian : float
        SD of a band that is Gaussian across, in pitches; 0 for bands with ends.
    dumbbell : float
        By how much more a band holds at its ends than in its middle (less where negative).
    uneven : float
        SD of the relative change from a band's left end to its right.
    bright_ends : float
        Height of the narrow ears at a band's ends, of the band's height.
    bend, tilt : float
        Depth of the bow of a band's midline (in sigma); drop of its midline (in px a px).
    lens : float
        By how much a band is thinner at its ends than in its middle.
    sigma : float
        SD of a band along the lane, px.
    asymmetry : float
        SD behind the band over that in front of it.
    tail : float
        Length of the exponential tail behind the band, in sigma; it holds `TAIL_SHARE`.
    box : float
        Length of the flat top along the lane, in sigma.
    thicker, wider : float
        How much a band grows along and across the lane with every doubling of its load.
    thinning : float
        By how much bands low on the membrane (small proteins) are thinner.
    thin_row : float
        SD of one row that is thinner than the others, px; 0 for none.
    peak : float
        Median height of the bands, grey levels.
    spread : float
        SD of the natural logarithm of the bands' heights; half as much between whole lanes.
    weak_row : float
        Height of one of the rows against its usual one.
    missing : float
        Chance that a band is missing; every lane keeps one.
    ladder : {"", "left", "right", "middle"}
        Place of the ladder.
    ladder_sigma : float
        SD of the ladder's bands over that of the others.
    ground : float
        Level of the empty membrane, grey levels.
    gradient, glow : float
        Rise across the picture and at its edges, of `peak`.
    blotches, blotch_size : float
        SD of slow blotches, of `peak`, and their size, px.
    smear : float
        What runs down each loaded lane, of a quarter of `peak`.
    gain : float
        Photons a grey level.
    read : float
        Read noise, grey levels.
    correlated : float
        SD over which the noise of neighbouring pixels is smeared, px; 0 for none.
    hot : float
        Share of hot pixels.
    offset : float
        Level of the dark detector, grey levels.
    bits : {8, 12, 16}
        Bits in use.
    jpeg : int
        Quality of the JPEG file (needs 8 bits); 0 for none.
    film : bool
        Whether an exposed film was scanned, which saturates.
    dark : bool
        Whether bands are dark on light.
    canvas, frame, labels : bool
        An even margin added by software, a drawn frame, and writing on the margin.
    dust, scratches, bubbles : int
        Their numbers. Bubbles lie on bands.
    blur : float
        SD of the optics' blur, px.
    """

    lanes: int
    rows: int
    height: int
    pitch: float
    fill: float
    side: float
    smile: float
    slope: float
    edge: float
    dumbbell: float
    lens: float
    sigma: float
    asymmetry: float
    thicker: float
    peak: float
    ground: float
    gain: float
    read: float
    offset: float
    dark: bool
    pitch_jitter: float = 0.03
    width_jitter: float = 0.03
    row_jitter: float = 0.15
    lean: float = 0.0
    fan: float = 0.0
    bow: float = 0.0
    gaussian: float = 0.0
    uneven: float = 0.08
    bright_ends: float = 0.0
    bend: float = 0.1
    tilt: float = 0.02
    tail: float = 0.0
    box: float = 0.0
    wider: float = 0.0
    thinning: float = 0.25
    thin_row: float = 0.0
    spread: float = 0.5
    weak_row: float = 1.0
    missing: float = 0.0
    ladder: str = ""
    ladder_sigma: float = 0.9
    gradient: float = 0.0
    glow: float = 0.0
    blotches: float = 0.0
    blotch_size: float = 60.0
    smear: float = 0.02
    correlated: float = 0.0
    hot: float = 0.0
    bits: int = 16
    jpeg: int = 0
    film: bool = False
    canvas: bool = False
    frame: bool = False
    labels: bool = False
    dust: int = 0
    scratches: int = 0
    bubbles: int = 0
    blur: float = 0.6


# What differs from blot to blot of every kind.
USUAL: Mapping[str, Value] = {
    "lanes": Between(5, 12),
    "rows": Between(2, 3),
    "height": Between(320, 560),
    "pitch": Between(42.0, 75.0),
    "fill": Between(0.6, 0.82),
    "side": Between(0.6, 1.4),
    "smile": Between(-3.0, 3.0),
    "slope": Between(-4.0, 4.0),
    "edge": Between(0.06, 0.16),
    "dumbbell": Between(-0.15, 0.25),
    "lens": Between(0.0, 0.5),
    "sigma": Between(2.2, 4.5),
    "asymmetry": Between(0.8, 1.6),
    "thicker": Between(0.0, 0.04),
    "peak": Between(3.6, 4.3, powers=True),
    "ground": Between(2.3, 3.4, powers=True),
    "gain": Between(-0.5, 0.7, powers=True),
    "read": Between(4.0, 15.0),
    "offset": Between(50.0, 600.0),
    "dark": OneOf((True, False)),
}

# A band cut out of the blot, as figures show it.
STRIP: Mapping[str, Value] = {
    "rows": 1,
    "height": Between(70, 160),
    "pitch": Between(50.0, 110.0),
    "sigma": Between(3.0, 6.0),
}

KINDS: Mapping[str, Mapping[str, Value]] = {
    "usual": {},
    # shapes of bands
    "flat": {"edge": Between(0.02, 0.06), "dumbbell": 0.0, "lens": 0.0},
    "soft_ends": {"edge": Between(0.3, 0.45), "dumbbell": 0.0, "lens": 0.0},
    "gaussian": {"gaussian": Between(0.11, 0.16), "lens": 0.0},
    "dumbbell": {"dumbbell": Between(0.3, 0.8)},
    "bright_ends": {"bright_ends": Between(0.15, 0.6), "edge": 0.08},
    "bent": {"bend": Between(0.6, 1.6)},
    "tilted": {"tilt": Between(0.08, 0.18)},
    "tail": {"tail": Between(0.5, 2.0)},
    "box": {"box": Between(2.0, 5.0), "sigma": Between(1.5, 3.0)},
    "load": {"thicker": Between(0.12, 0.25), "wider": 0.06, "spread": 1.0},
    "thin_row": {"rows": 3, "thin_row": Between(1.1, 1.9), "sigma": Between(3.5, 5.0)},
    # lanes
    "jitter": {"pitch_jitter": 0.1, "width_jitter": 0.15},
    "crooked": {
        "fan": Between(0.06, 0.15, either_side=True),
        "lean": Between(0.03, 0.1, either_side=True),
        "bow": Between(0.2, 0.6, either_side=True),
        "smile": Between(8.0, 20.0, either_side=True),
    },
    "touching": {"fill": Between(0.86, 0.94), "edge": Between(0.05, 0.12), "pitch_jitter": 0.01},
    "full_width": {"side": Between(0.5, 0.56), "fill": Between(0.7, 0.85)},
    "many": {"lanes": Between(20, 30), "pitch": Between(26.0, 40.0)},
    "missing": {"missing": Between(0.2, 0.4), "rows": Between(2, 4)},
    "ladder": {"ladder": OneOf(("left", "right", "middle"))},
    "thin_ladder": {"ladder": "left", "sigma": Between(4.0, 6.0), "ladder_sigma": 0.3},
    # weak bands: signal to noise from about 10 on
    "weak": {"peak": Between(2.4, 2.8, powers=True)},
    "weak_row": {"weak_row": 0.03},
    # strips
    "strip": {**STRIP, "slope": Between(-8.0, 8.0)},
    "strip_thin": {**STRIP, "height": Between(40, 70), "sigma": Between(2.0, 4.0), "smile": 0.0},
    "strip_tight": {
        **STRIP,
        "height": Between(34, 50),
        "sigma": Between(3.5, 4.5),
        "slope": 0.0,
        "smile": 0.0,
    },
    "strip_sloping": {
        **STRIP,
        "height": Between(150, 200),
        "slope": Between(25.0, 40.0, either_side=True),
    },
    "strip_weak": {**STRIP, "peak": Between(2.4, 2.8, powers=True), "spread": 0.8},
    "strip_blotchy": {**STRIP, "blotches": Between(0.03, 0.06), "blotch_size": Between(50.0, 90.0)},
    # ground
    "blotches": {"blotches": Between(0.06, 0.15), "blotch_size": Between(80.0, 160.0)},
    "bright_margins": {"glow": Between(0.05, 0.3)},
    # what is around the membrane
    "frame": {"frame": True},
    "labelled": {"canvas": True, "frame": True, "labels": True, "dark": True},
    # detector and file
    "few_photons": {"gain": Between(0.01, 0.05), "read": Between(20.0, 60.0)},
    "correlated": {"correlated": Between(0.8, 1.6), "gain": Between(0.05, 0.3)},
    "hot_pixels": {"hot": Between(1e-4, 1e-3)},
    "eight_bits": {"bits": 8},
    "twelve_bits": {"bits": 12},
    "jpeg": {"bits": 8, "jpeg": Between(70, 95)},
    "film": {"bits": 8, "film": True, "dark": True},
    # dirt
    "dirt": {"dust": Between(10, 40), "scratches": Between(1, 4)},
    "bubbles": {"bubbles": Between(2, 6)},
}
# Several things at once: three kinds of these, one over the other.
MIXED: Mapping[str, tuple[str, ...]] = {
    "mixed": (
        *("flat", "gaussian", "dumbbell", "tilted", "tail", "load", "jitter", "crooked"),
        *("full_width", "missing", "ladder", "bright_margins", "labelled", "correlated"),
        *("hot_pixels", "eight_bits", "dirt"),
    ),
    "mixed_strip": (
        *("flat", "gaussian", "dumbbell", "tilted", "load", "missing", "bright_margins"),
        *("correlated", "eight_bits", "hot_pixels"),
    ),
}
NAMES = (*KINDS, *MIXED)


def stream(kind: str, seed: int, part: int) -> np.random.Generator:
    """Random numbers of one part of one blot, the same on every machine."""
    return np.random.default_rng([zlib.crc32(kind.encode()), seed, part])


def spec_of(kind: str, seed: int) -> OtherSpec:
    """Draw the parameters of one blot of a kind.

    Raises
    ------
    KeyError
        If there is no such kind.
    """
    rng = stream(kind, seed, 0)
    rules = {**USUAL}
    if kind in MIXED:
        for name in rng.choice(MIXED[kind], 3, replace=False):
            rules |= KINDS[str(name)]
        rules |= STRIP if kind == "mixed_strip" else {}
    else:
        rules |= KINDS[kind]
    drawn = {
        name: rule.draw(rng) if isinstance(rule, (Between, OneOf)) else rule
        for name, rule in rules.items()
    }
    return OtherSpec(**drawn)  # type: ignore[arg-type]  # rules name fields and hold their types
