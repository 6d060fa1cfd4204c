"""What a simulated blot is made of: every parameter, its unit and its default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Polarity = Literal["dark_on_light", "light_on_dark"]
Canvas = Literal["white", "black"]
FileFormat = Literal["tif", "png", "jpg"]

__all__ = ["BlotSpec", "Canvas", "FileFormat", "Polarity"]


@dataclass(frozen=True)
class BlotSpec:
    """Parameters of one simulated blot.

    Intensities are fractions of the full scale (`full_scale`, the largest grey level that can be
    stored), so that one scene can be drawn at 8, 12 and 16 bits. Lengths are px of the image. Rows
    grow downwards, with migration.

    Parameters
    ----------
    kind : str
        Name written into the truth.
    shape : tuple of int
        Image size (rows, cols), px.
    bit_depth : {8, 12, 16}
        Bits in use; 12 is stored in uint16.
    ceiling : int or None
        Grey level at which the detector clips, when below the largest level of `bit_depth`.
    polarity : {"dark_on_light", "light_on_dark"}
        Dark on light stores `full_scale - signal`.
    file_format : {"tif", "png", "jpg"}
        Format `save` writes. "jpg" makes the image lossy (and needs 8 bits).
    jpeg_quality : int
        1 to 95, for "jpg".
    canvas : {"white", "black"} or None
        What surrounds the membrane; None when the membrane fills the image.
    canvas_margin : tuple of float
        Canvas at top, right, bottom, left, as fraction of the image's height or width.
    canvas_noise : bool
        Whether the detector saw the canvas; False for a canvas added by software, which is
        perfectly flat.
    rotation : float
        Rotation of the membrane about its centre, degrees, clockwise on the screen.
    lanes : int
        Number of lanes, ladders and empty lanes included.
    lane_width : float
        Full width at half maximum of a lane, px.
    gap : float
        Space between the edges of neighbouring lanes, px.
    groups : tuple of int
        Lanes in each group, left to right; empty for one group.
    group_gap : float
        Extra space between groups, px.
    width_cv, gap_cv : float
        Variation (SD / mean) of lane widths and of gaps.
    offset : float
        Shift of all lanes to the right of the membrane's middle, px.
    lean : float
        Columns per row by which all lanes lean.
    bow, s_bend : float
        Amplitude of a parabolic bow and of a sinusoidal bend of all lanes, px.
    fan : float
        Relative widening of the lane pattern from the top to the bottom.
    wander : float
        SD of each lane's own lean, px over the membrane's height.
    smile : float
        By how much the row of bands lies lower in the middle than at the outer lanes, px.
    slope : float
        Drop of the row of bands from the first to the last lane, px.
    rows : tuple of float
        Place of each band row on the membrane, fraction of its height.
    row_strength : tuple of float
        Relative strength of each row; 1 for all where empty.
    targets : tuple of str
        Name of each row; no names where empty.
    peak : float
        Median height of a band of strength 1, fraction of full scale.
    peak_limit : float
        Height that no band exceeds, fraction of full scale. Above 1 bands may saturate.
    lane_spread, band_spread : float
        SD of the natural logarithm of strength between lanes and between single bands.
    missing : float
        Chance that a band is missing.
    empty_lanes, ladder_lanes : tuple of int
        Numbers (from 1) of the lanes that are empty and that hold a ladder.
    ladder_bands : int
        Bands of a ladder.
    ladder_peak : float
        Median height of ladder bands, fraction of full scale.
    ladder_width : float
        Width of a ladder lane relative to `lane_width`.
    volumes : tuple of tuple of float
        Band volumes by row and lane, in grey levels summed over pixels, instead of drawn ones; 0 is
        no band.
    min_snr : float
        Fainter bands are raised to this signal to noise, so that the truth is decidable. Not
        applied to `volumes`.
    sigma : float
        SD of a band along migration, px.
    sigma_cv : float
        Variation of `sigma` between bands.
    tail : float
        Time constant of the exponential tail, in `sigma`; positive trails towards the wells.
    tail_spread : float
        SD of `tail` between bands.
    edge : float
        SD of the soft side edges of a band, px.
    curvature : float
        SD of the rise or drop of a band's ends against its middle, px.
    uneven : float
        SD of the relative difference in strength from a band's middle to its side.
    row_jitter : float
        SD of a band's place along migration, px.
    background : float
        Level of the membrane, fraction of full scale.
    gradient : float
        Rise of the background across the membrane, fraction of full scale.
    gradient_angle : float
        Direction of the rise, degrees: 0 is down, 90 to the right.
    cloud : float
        SD of a cloudy background, fraction of full scale.
    cloud_scale : float
        Distance over which clouds change, px.
    halo : float
        Glow around the middle of the membrane, fraction of full scale.
    smear : float
        Height of the broad smear in each lane, fraction of `peak`.
    blur : float
        SD of the optical point spread function, px.
    offset_level : float
        Detector offset, fraction of full scale.
    full_well : float
        Photoelectrons at full scale: sets the shot noise.
    read_noise : float
        SD of the read noise, fraction of full scale.
    dust, hot_pixels, scratches, bubbles : int
        Number of each.
    pen_marks : int
        Marker-pen strokes in the membrane's margin.
    text : bool
        Lane labels, molecular weights and a caption on the canvas.
    frame : bool
        A drawn rectangle around the membrane.
    lane_seed : int or None
        Seed of what lanes share between the images of one membrane (widths, gaps, wander); None
        takes the image's seed.

    Raises
    ------
    ValueError
        If parameters contradict each other; all faults at once.

    Examples
    --------
    >>> BlotSpec(lanes=3, bit_depth=12).full_scale
    4095
    """

    kind: str = "custom"
    shape: tuple[int, int] = (700, 900)
    bit_depth: int = 16
    ceiling: int | None = None
    polarity: Polarity = "dark_on_light"
    file_format: FileFormat = "tif"
    jpeg_quality: int = 85

    canvas: Canvas | None = None
    canvas_margin: tuple[float, float, float, float] = (0.08, 0.08, 0.08, 0.08)
    canvas_noise: bool = True
    rotation: float = 0.0

    lanes: int = 8
    lane_width: float = 56.0
    gap: float = 22.0
    groups: tuple[int, ...] = ()
    group_gap: float = 0.0
    width_cv: float = 0.0
    gap_cv: float = 0.0
    offset: float = 0.0
    lean: float = 0.0
    bow: float = 0.0
    s_bend: float = 0.0
    fan: float = 0.0
    wander: float = 0.0
    smile: float = 0.0
    slope: float = 0.0

    rows: tuple[float, ...] = (0.5,)
    row_strength: tuple[float, ...] = ()
    targets: tuple[str, ...] = ()
    peak: float = 0.3
    peak_limit: float = 0.85
    lane_spread: float = 0.3
    band_spread: float = 0.3
    missing: float = 0.0
    empty_lanes: tuple[int, ...] = ()
    ladder_lanes: tuple[int, ...] = ()
    ladder_bands: int = 7
    ladder_peak: float = 0.2
    ladder_width: float = 1.0
    volumes: tuple[tuple[float, ...], ...] = ()
    min_snr: float = 5.0

    sigma: float = 5.0
    sigma_cv: float = 0.08
    tail: float = 0.3
    tail_spread: float = 0.15
    edge: float = 2.5
    curvature: float = 1.5
    uneven: float = 0.08
    row_jitter: float = 0.8

    background: float = 0.08
    gradient: float = 0.0
    gradient_angle: float = 0.0
    cloud: float = 0.0
    cloud_scale: float = 120.0
    halo: float = 0.0
    smear: float = 0.0

    blur: float = 0.9
    offset_level: float = 0.004
    full_well: float = 30000.0
    read_noise: float = 0.0015

    dust: int = 0
    hot_pixels: int = 0
    scratches: int = 0
    bubbles: int = 0
    pen_marks: int = 0
    text: bool = False
    frame: bool = False
    lane_seed: int | None = None

    def __post_init__(self) -> None:
        faults = [text for wrong, text in self._rules() if wrong]
        if faults:
            raise ValueError("BlotSpec: " + "; ".join(faults))

    @property
    def full_scale(self) -> int:
        """Largest grey level that is stored."""
        return self.ceiling if self.ceiling is not None else 2**self.bit_depth - 1

    def _rules(self) -> list[tuple[bool, str]]:
        """Pair each thing that can be wrong with its explanation."""
        edges = (*self.empty_lanes, *self.ladder_lanes)
        return [
            (min(self.shape) < 16, f"shape {self.shape} is smaller than 16 px"),
            (
                self.bit_depth not in (8, 12, 16),
                f"bit_depth must be 8, 12 or 16, not {self.bit_depth}",
            ),
            (
                not 0 < self.full_scale < 2**self.bit_depth,
                f"ceiling {self.ceiling} does not fit {self.bit_depth} bits",
            ),
            (self.file_format == "jpg" and self.bit_depth != 8, "JPEG needs bit_depth 8"),
            (self.lanes < 1, "a blot needs at least one lane"),
            (
                bool(self.groups) and sum(self.groups) != self.lanes,
                f"groups {self.groups} do not add up to {self.lanes}",
            ),
            (
                any(not 1 <= n <= self.lanes for n in edges),
                "empty_lanes and ladder_lanes count from 1 to lanes",
            ),
            (
                bool({1, self.lanes} & set(self.empty_lanes)),
                "the first and last lane cannot be empty: nobody could see them",
            ),
            (
                min(self.lane_width, self.sigma, self.edge) <= 0,
                "lane_width, sigma and edge must be above 0",
            ),
            (
                bool(self.row_strength) and len(self.row_strength) != len(self.rows),
                "row_strength needs one value a row",
            ),
            (
                bool(self.targets) and len(self.targets) != len(self.rows),
                "targets needs one name a row",
            ),
            (self._volumes_misfit(), "volumes needs one tuple a row with one number a lane"),
        ]

    def _volumes_misfit(self) -> bool:
        """Whether the explicit volumes are not rows x lanes."""
        return bool(self.volumes) and (
            len(self.volumes) != len(self.rows)
            or any(len(row) != self.lanes for row in self.volumes)
        )
