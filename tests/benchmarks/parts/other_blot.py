"""The other simulator: a blot with planted volumes, from its bands to the file on the disk.

Light of bands and ground adds up; an exposed film bends it; dust, scratches and bubbles change it;
the detector counts photons; software stores it with a margin, a frame, writing, or as JPEG.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import gaussian_filter, gaussian_filter1d
from scipy.special import erf

from parts.other_bands import DrawnBand, Floats, Lanes, bands_of, lanes_of
from parts.other_kinds import OtherSpec, spec_of, stream

# A film's response: the level that it nears, and the light at which it has bent by 63 %.
FILM_FULL, FILM_LIGHT = 60_000.0, 20_000.0


@dataclass(frozen=True, eq=False)
class OtherBlot:
    """One blot: its parameters, its picture, and what is known about it.

    Attributes
    ----------
    spec : OtherSpec
        Parameters.
    image : ndarray of uint8 or uint16, shape (rows, cols)
        The picture as stored (before JPEG).
    truth : dict
        `kind`, `seed`, `lanes` (`width`, px) and `bands`, as `parts.comparison.compare` reads
        them; volumes in grey levels of the stored picture.
    """

    spec: OtherSpec
    image: NDArray[np.uint8] | NDArray[np.uint16]
    truth: dict[str, Any]


def other_blot(kind: str, seed: int) -> OtherBlot:
    """Draw one blot of a kind; the same one for the same kind and seed.

    Raises
    ------
    KeyError
        If there is no such kind.
    """
    return render(spec_of(kind, seed), kind, seed)


def render(spec: OtherSpec, kind: str, seed: int) -> OtherBlot:
    """Draw a blot of given parameters; kind and seed choose the random numbers."""
    rng = stream(kind, seed, 1)
    lanes = lanes_of(spec, rng)
    bands = bands_of(spec, lanes, rng)
    ground = _ground(spec, lanes, rng)
    total = ground.copy()
    for band in bands:
        total[band.place] += band.light
    volumes = [float(band.light.sum()) for band in bands]
    if spec.film:
        volumes = [float(_film_gain(total[band.place], band.light).sum()) for band in bands]
        total = _film(total)
    dirty, damaged = _dirt(spec, total, bands, rng)
    seen = _detected(spec, dirty, rng)
    scale = _scale(spec, seen)
    full = 2.0**spec.bits - 1
    levels = np.rint(np.clip(seen * scale, 0, full))
    clipped = levels >= full
    corner, image = _exported(spec, levels, full, lanes, rng)
    noise = np.sqrt(np.median(ground) / spec.gain + spec.read**2 + 1 / (12 * scale**2))
    known = [
        {
            "lane": band.lane + 1,
            "row": band.row + 1 if band.row >= 0 else None,
            "center": [band.center[0] + corner[0], band.center[1] + corner[1]],
            "sigma": band.sigma,
            "volume": volume * scale,
            "snr": float(volume / (noise * np.sqrt(band.width * 6 * band.sigma))),
            "cut": band.cut,
            "overlap": _overlaps(band, bands),
            "damaged": bool(damaged[band.place][band.light > 0.05 * band.light.max()].any()),
            "clipped_fraction": float(
                clipped[band.place][band.light > 0.1 * band.light.max()].mean()
            ),
        }
        for band, volume in zip(bands, volumes, strict=True)
    ]
    widths = [{"lane": n + 1, "width": float(width)} for n, width in enumerate(lanes.widths)]
    truth = {"kind": kind, "seed": seed, "dark": spec.dark, "lanes": widths, "bands": known}
    eight = spec.bits == 8
    return OtherBlot(spec, image.astype(np.uint8) if eight else image.astype(np.uint16), truth)


def save(blot: OtherBlot, folder: Path, name: str) -> Path:
    """Write the picture as JPEG, PNG (8 bits) or TIFF."""
    if blot.spec.jpeg:
        path = folder / f"{name}.jpg"
        Image.fromarray(blot.image).save(path, quality=blot.spec.jpeg)
    elif blot.image.dtype == np.uint8:
        path = folder / f"{name}.png"
        Image.fromarray(blot.image).save(path)
    else:
        path = folder / f"{name}.tif"
        tifffile.imwrite(path, blot.image, photometric="minisblack", metadata=None)
    return path


def _overlaps(band: DrawnBand, bands: list[DrawnBand]) -> bool:
    """Whether another band of the lane reaches into this one."""
    return any(
        one is not band
        and one.lane == band.lane
        and abs(one.center[0] - band.center[0]) < 2.8 * (one.sigma + band.sigma)
        for one in bands
    )


def _film(light: Floats) -> Floats:
    """Darkness of an exposed film: silver grains are used up."""
    return np.asarray(FILM_FULL * (1 - np.exp(-light / FILM_LIGHT)))


def _film_gain(total: Floats, light: Floats) -> Floats:
    """What a band adds to the film's darkness: the truth of a scanned film is of the scan."""
    return _film(total) - _film(total - light)


def _ground(spec: OtherSpec, lanes: Lanes, rng: np.random.Generator) -> Floats:
    """Light of the membrane without bands."""
    shape = (spec.height, lanes.width)
    rows, cols = np.arange(shape[0])[:, None], np.arange(shape[1])[None, :]
    ground = np.full(shape, spec.ground)
    coarse = max(25.0, 0.08 * spec.height)  # what runs down a lane changes slowly along it
    for lane in range(spec.lanes if spec.smear else 0):
        if lane != lanes.ladder:
            noise = gaussian_filter1d(rng.standard_normal(shape[0]), coarse) * np.sqrt(3.5 * coarse)
            u = (cols - lanes.middles[lane][:, None]) / (lanes.widths[lane] / 2)
            well = 0.5 * (erf((u + 1) / 0.2) - erf((u - 1) / 0.2))
            smear = 0.25 * spec.smear * spec.peak * np.maximum(0.1, 1 + 0.6 * noise)
            ground += smear[:, None] * well
    if spec.gradient:
        y, x = rng.normal(size=2)
        slope = (y * (rows / shape[0] - 0.5) + x * (cols / shape[1] - 0.5)) / np.hypot(y, x)
        ground += spec.gradient * spec.peak * (slope + 0.71)
    if spec.blotches:
        field = _field(shape, spec.blotch_size, rng)
        ground += spec.blotches * spec.peak * (field - field.min())
    if spec.glow:
        away = np.minimum(
            np.minimum(rows, shape[0] - 1 - rows), np.minimum(cols, shape[1] - 1 - cols)
        )
        width = 0.25 * min(spec.pitch, 0.4 * spec.height)
        ground += spec.glow * spec.peak * np.exp(-away / width)
    return ground


def _field(shape: tuple[int, int], size: float, rng: np.random.Generator) -> Floats:
    """Smooth random field of mean 0 and SD 1, its blotches about `size` px."""
    step = max(1, int(size // 3))
    small = rng.standard_normal((shape[0] // step + 20, shape[1] // step + 20))
    smooth = Image.fromarray(gaussian_filter(small, 3.0).astype(np.float32))
    field = np.asarray(smooth.resize(shape[::-1], Image.Resampling.BICUBIC), np.float64)
    return np.asarray((field - field.mean()) / field.std())


def _dirt(
    spec: OtherSpec, light: Floats, bands: list[DrawnBand], rng: np.random.Generator
) -> tuple[Floats, NDArray[np.bool_]]:
    """The light with bubbles, scratches and dust, and where they are."""
    light, damaged = light.copy(), np.zeros(light.shape, bool)
    rows, cols = np.arange(light.shape[0])[:, None], np.arange(light.shape[1])[None, :]
    for _ in range(spec.bubbles):  # nothing was transferred under a bubble
        band = bands[int(rng.integers(len(bands)))]
        y, x = band.center + rng.normal(0, (3.0, 0.25 * band.width))
        away = np.hypot(rows - y, cols - x)
        hole = 0.5 * (1 - erf(away - rng.uniform(2.5, 6.0)))
        light = light * (1 - hole) + 0.8 * spec.ground * hole
        damaged |= hole > 0.1
    for _ in range(spec.scratches):
        y, x = rng.uniform(0, light.shape[0]), rng.uniform(0, light.shape[1])
        turn = np.pi * rng.random()
        dy, dx = 150 * np.sin(turn), 150 * np.cos(turn)
        canvas = Image.new("L", light.shape[::-1])
        ImageDraw.Draw(canvas).line((x, y, x + dx, y + dy), 255, int(rng.integers(1, 3)))
        line = gaussian_filter(np.asarray(canvas, np.float64) / 255, 0.6)
        light = np.maximum(0.0, light + line * spec.peak * rng.uniform(-0.1, 0.5))
        damaged |= line > 0.05
    for _ in range(spec.dust):
        y, x = rng.uniform(0, light.shape[0]), rng.uniform(0, light.shape[1])
        size, stretch = rng.uniform(0.8, 3.0), rng.uniform(0.7, 1.4)
        speck = np.exp(-(((rows - y) / size) ** 2) - ((cols - x) / (size * stretch)) ** 2)
        light = light + speck * spec.peak * rng.uniform(0.2, 2.0)
        damaged |= speck > 0.05
    return light, damaged


def _detected(spec: OtherSpec, light: Floats, rng: np.random.Generator) -> Floats:
    """What the detector reads: photons, read noise (which may smear), hot pixels, offset."""
    noise = rng.poisson(np.maximum(light, 0) * spec.gain) / spec.gain - light
    noise += rng.normal(0, spec.read, light.shape)
    if spec.correlated:
        noise = gaussian_filter(noise, spec.correlated)
    seen = light + noise
    if spec.hot:
        hot = rng.random(light.shape) < spec.hot
        seen[hot] += rng.exponential(15_000, int(hot.sum()))
    return np.asarray(seen + spec.offset)


def _scale(spec: OtherSpec, seen: Floats) -> float:
    """Stored grey levels a level of 16 bits; an 8-bit export stretches to the brightest pixels."""
    if spec.bits == 8:
        return 255 / max(3000.0, float(np.quantile(seen, 0.9999)) * 1.08)
    return (2.0**spec.bits - 1) / 65_535


def _exported(
    spec: OtherSpec, levels: Floats, full: float, lanes: Lanes, rng: np.random.Generator
) -> tuple[tuple[int, int], Floats]:
    """The picture as software stores it, and the membrane's corner on it."""
    stored = full - levels if spec.dark else levels
    if not spec.canvas:
        return (0, 0), _inked(spec, stored, full, (0, 0), lanes, rng)
    top, left = (int(one) for one in rng.integers(30, 70, 2))
    bottom, right = (int(one) for one in rng.integers(15, 60, 2))
    nothing = full if spec.dark else 0.0
    stored = np.pad(stored, ((top, bottom), (left, right)), constant_values=nothing)
    return (top, left), _inked(spec, stored, full, (top, left), lanes, rng)


def _inked(
    spec: OtherSpec,
    stored: Floats,
    full: float,
    corner: tuple[int, int],
    lanes: Lanes,
    rng: np.random.Generator,
) -> Floats:
    """The picture with its frame and the writing on its margin, in the colour of bands."""
    if not (spec.frame or spec.labels):
        return stored
    height, width = stored.shape
    canvas = Image.new("L", (width, height))
    pen = ImageDraw.Draw(canvas)
    if spec.labels:
        font = ImageFont.load_default(size=int(rng.integers(12, 20)))
        for number, middle in enumerate(lanes.middles[:, 0], start=1):
            pen.text((corner[1] + middle - 4, corner[0] - 24), f"{number}", 255, font)
        for place, size in zip(np.linspace(0.1, 0.9, 5), (150, 100, 75, 50, 37), strict=True):
            y = corner[0] + place * spec.height
            pen.text((2, y - 8), f"{size}", 255, font)
            pen.line((corner[1] - 9, y, corner[1] - 2, y), 255, 2)
        pen.text((corner[1] + 5, corner[0] + spec.height + 1), "WB: p53", 255, font)
    if spec.frame:
        edge = int(rng.integers(0, 6))
        corners = (edge, edge, width - 1 - edge, height - 1 - edge)
        pen.rectangle(corners, outline=255, width=int(rng.integers(1, 4)))
    ink = np.asarray(canvas, np.float64) / 255
    return np.rint(stored * (1 - ink) + ink * (0.0 if spec.dark else full))
