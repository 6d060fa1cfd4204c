"""What is planted in simulated blots: exports that lose something, pieces joined, bands copied."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from blotquant.loaders.interpret import interpret
from blotquant.loaders.raw import RawImage
from blotquant.model import Blot
from blotquant.recipe import ImageSettings
from blotquant.simulate import KINDS, SimulatedBlot, render, spec_of
from blotquant.simulate.spec import BlotSpec

Pixels = NDArray[Any]

# What these kinds show was itself lossy, coarse or clipped: no clean blots for what is planted.
NOT_CLEAN = ("jpeg", "eight_bit")
CLEAN_KINDS = tuple(kind for kind in KINDS if kind not in NOT_CLEAN)


@dataclass(frozen=True)
class Place:
    """A rectangle of a picture: rows and columns from, to (exclusive)."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def window(self) -> tuple[slice, slice]:
        return slice(self.top, self.bottom), slice(self.left, self.right)


def case(number: int, first: int, kinds: Sequence[str] = CLEAN_KINDS) -> tuple[str, int]:
    """Kind and seed of blot `number`: kinds in turn, and a hundred seeds from the first on."""
    return kinds[number % len(kinds)], first + number % 100


def clean(number: int, first: int = 0) -> SimulatedBlot:
    """Blot `number` of a series over all clean kinds."""
    kind, seed = case(number, first)
    return render(spec_of(kind, seed), seed)


def as_blot(pixels: Pixels, name: str = "planted.tif") -> Blot:
    """Pixels as a TIFF's reader gives them."""
    raw = RawImage(pixels, format=f"TIFF, {pixels.dtype}")
    return interpret(raw, name, "", "tiff", ImageSettings())


def eight_bits(blot: SimulatedBlot) -> NDArray[np.uint8]:
    """A plain 8-bit copy: the upper 8 of the bits in use."""
    scale = 255 / blot.spec.full_scale
    return np.rint(blot.image * scale).clip(0, 255).astype(np.uint8)


def display(blot: SimulatedBlot) -> NDArray[np.uint8]:
    """An 8-bit copy as a program shows it: contrast set so that the picture fills the scale."""
    low, high = np.percentile(blot.image, [0.1, 99.95])
    levels = (blot.image - low) / max(high - low, 1) * 255
    return np.rint(levels).clip(0, 255).astype(np.uint8)


def jpeg_in_tiff(blot: SimulatedBlot, rng: np.random.Generator, quality: int = 75) -> Pixels:
    """A JPEG, opened and saved as TIFF; cropped off the grid or brought to 16 bits in some."""
    stream = io.BytesIO()
    Image.fromarray(display(blot)).save(stream, "JPEG", quality=quality)
    decoded = np.asarray(Image.open(io.BytesIO(stream.getvalue())))
    if rng.random() < 0.5:
        row, col = (int(offset) for offset in rng.integers(0, 8, 2))
        decoded = decoded[row:, col:]
    return decoded.astype(np.uint16) * 257 if rng.random() < 0.3 else decoded


def stretched(blot: SimulatedBlot, rng: np.random.Generator) -> NDArray[np.uint8]:
    """An 8-bit copy whose contrast, and in half of them gamma, was set afterwards."""
    levels = eight_bits(blot).astype(np.float64)
    low, high = np.percentile(levels, [rng.uniform(0, 1), 100 - rng.uniform(0, 0.3)])
    share = ((levels - low) / max(high - low, 1)).clip(0, 1)
    if rng.random() < 0.5:
        share = share ** float(rng.choice([0.45, 0.6, 0.75, 1.4, 1.8, 2.2]))
    return np.rint(255 * share).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class Planted:
    """Tampered pixels and where it was done; `turn` in words, `what` for the table."""

    pixels: Pixels
    source: Place
    target: Place
    turn: str = ""


def copied_band(blot: SimulatedBlot, rng: np.random.Generator) -> Planted | None:
    """One band, with what is around it, copied over another: turned or flipped, contrast changed.

    None where the blot has no two bands that are clear of each other.
    """
    boxes = _band_boxes(blot)
    rng.shuffle(boxes)  # type: ignore[arg-type]
    turn = str(rng.choice(["", "", "mirror", "flip", "180"]))
    for box in boxes:
        rows, cols = box.bottom - box.top, box.right - box.left
        for other in boxes:
            spot = _centred(other, rows, cols, blot.image.shape)
            if spot is not None and not overlap(box, spot):
                patch = _turn(blot.image[box.window], turn)
                return Planted(_pasted(blot, patch, spot, rng), box, spot, turn)
    return None


def _band_boxes(blot: SimulatedBlot) -> list[Place]:
    """Boxes of bands that are at least 250 px large and inside the picture."""
    boxes = []
    for band in blot.truth["bands"]:
        top, left, bottom, right = band["box"]
        box = Place(int(top), int(left), int(bottom) + 1, int(right) + 1)
        inside = min(box.top, box.left) >= 2 and (
            box.bottom < blot.image.shape[0] - 2 and box.right < blot.image.shape[1] - 2
        )
        if inside and (box.bottom - box.top) * (box.right - box.left) >= 250:
            boxes.append(box)
    return boxes


def _centred(box: Place, rows: int, cols: int, shape: tuple[int, ...]) -> Place | None:
    top = (box.top + box.bottom - rows) // 2
    left = (box.left + box.right - cols) // 2
    place = Place(top, left, top + rows, left + cols)
    inside = min(top, left) >= 2 and place.bottom < shape[0] - 2 and place.right < shape[1] - 2
    return place if inside else None


def overlap(one: Place, other: Place) -> bool:
    return (
        one.top < other.bottom
        and other.top < one.bottom
        and one.left < other.right
        and other.left < one.right
    )


def _turn(patch: Pixels, turn: str) -> Pixels:
    return {"": patch, "mirror": patch[:, ::-1], "flip": patch[::-1], "180": patch[::-1, ::-1]}[
        turn
    ]


def _pasted(blot: SimulatedBlot, patch: Pixels, place: Place, rng: np.random.Generator) -> Pixels:
    """Paste with another contrast in half of them, and soft edges."""
    image = blot.image.astype(np.float64)
    piece = patch.astype(np.float64)
    if rng.random() < 0.5:
        ground = float(np.median(blot.image))
        piece = ground + (piece - ground) * rng.uniform(0.6, 1.2)
    soft = np.ones(piece.shape)
    for axis in (0, 1):
        length = piece.shape[axis]
        ramp = np.minimum(np.arange(length) + 1, np.arange(length)[::-1] + 1) / 4
        soft *= np.expand_dims(np.clip(ramp, 0, 1), 1 - axis)
    under = image[place.window]
    image[place.window] = under * (1 - soft) + piece * soft
    return np.rint(image).clip(0, blot.spec.full_scale).astype(blot.image.dtype)


def spliced(number: int, rng: np.random.Generator, first: int = 0) -> Planted:
    """Two blots of one kind joined at a column; the right one's grey levels matched in half."""
    spec, blot, other = _two(number, first, 50_000)
    left, right = blot.image, other.image
    if rng.random() < 0.5:
        right = _matched(right, left, spec.full_scale)
    rows, cols = (min(left.shape[axis], right.shape[axis]) for axis in (0, 1))
    column = int(rng.uniform(0.25, 0.75) * cols)
    pixels = left[:rows, :cols].copy()
    pixels[:, column:] = right[:rows, column:cols]
    return Planted(pixels, Place(0, 0, rows, column), Place(0, column, rows, cols))


def _matched(pixels: Pixels, like: Pixels, full_scale: int) -> Pixels:
    """Ground and contrast brought to those of another picture."""
    (low, high), (wanted_low, wanted_high) = (
        np.percentile(one, [50, 99 if one.mean() < full_scale / 2 else 1]) for one in (pixels, like)
    )
    gain = (wanted_high - wanted_low) / (high - low) if high != low else 1.0
    levels = wanted_low + (pixels - low) * np.clip(gain, 0.5, 2)
    return np.rint(levels).clip(0, full_scale).astype(pixels.dtype)


def copied_between(
    number: int, rng: np.random.Generator, first: int = 0
) -> tuple[Blot, Blot] | None:
    """A band of one blot pasted over one of another of its kind; both pictures."""
    _, source, target = _two(number, first, 70_000)
    for box in _band_boxes(source):
        for there in _band_boxes(target):
            rows, cols = box.bottom - box.top, box.right - box.left
            spot = _centred(there, rows, cols, target.image.shape)
            if spot is not None:
                patch = _turn(source.image[box.window], str(rng.choice(["", "mirror", "180"])))
                return as_blot(source.image), as_blot(_pasted(target, patch, spot, rng))
    return None


def _two(number: int, first: int, apart: int) -> tuple[BlotSpec, SimulatedBlot, SimulatedBlot]:
    """Two blots of a kind that one imager took: its bits, its ceiling, its polarity."""
    kind, seed = case(number, first)
    spec = spec_of(kind, seed)
    other = replace(
        spec_of(kind, seed + apart),
        polarity=spec.polarity,
        canvas=spec.canvas,
        bit_depth=spec.bit_depth,
        ceiling=spec.ceiling,
    )
    return spec, render(spec, seed), render(other, seed + apart)
