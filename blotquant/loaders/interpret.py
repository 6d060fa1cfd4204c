"""What stored pixels mean, decided in one place for all formats: RawImage to Blot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UnreadableImage
from ..flags import Flag
from ..model import Blot, ImageSource, Orientation
from ..recipe import ImageSettings
from ..reduced import reduce_pixels, remember_reduced, usual_factor
from ..signal import Polarity, SignalMap
from .colour import to_grey
from .film import clear_film
from .levels import Levels
from .merged import is_merged, says_merged
from .polarity import Verdict, look_for_bands
from .raw import RawImage
from .saturation import find_ceiling, saturated_pixels

_WORDS = {"dark_on_light": "dark on light", "light_on_dark": "light on dark"}
# Squares and sums of larger levels leave the range of 32-bit floats, in which signal is kept.
_LARGEST_LEVEL = 1e15

__all__ = ["interpret"]


def interpret(raw: RawImage, path: str, sha256: str, reader: str, settings: ImageSettings) -> Blot:
    """Blot of one stored picture.

    Parameters
    ----------
    raw : RawImage
    path : str
        As given by the user, with POSIX separators.
    sha256 : str
        Hash of the file.
    reader : str
        Name of the loader.
    settings : ImageSettings

    Raises
    ------
    UnreadableImage
        If the pixels hold nothing that can be measured, or contradict the settings.
    """
    source = ImageSource(path, sha256, raw.format, reader, raw.part)
    name = source.name
    stored = _plain(raw.pixels, name)
    if settings.refuse_merged:
        _refuse_merged(raw, stored, name)
    grey = to_grey(stored)
    pixels = turn(grey.pixels, settings.orientation)
    levels = Levels.of(grey.pixels)
    if levels.low == levels.high:
        raise UnreadableImage(
            f"{name}: is constant, every pixel is {levels.low:g}: nothing to measure; "
            "check that the right image was exported"
        )
    reduced = reduce_pixels(pixels, usual_factor(pixels.shape))
    polarity = _decide(raw, pixels, reduced, settings, name)
    ceiling, ceiling_note = find_ceiling(raw, grey, levels, polarity.value, settings)
    saturated = saturated_pixels(pixels, levels, ceiling, polarity.value)
    flags, notes = _judge(raw, levels, ceiling, settings)
    signal_map, film_note = _signal_map(pixels, levels, polarity.value, settings, name)
    blot = Blot(
        pixels,
        signal_map=signal_map,
        polarity=polarity.value,
        ceiling=ceiling,
        bit_depth=raw.bit_depth or levels.bit_depth,
        block_step=raw.block_step,
        saturated=saturated,
        orientation=settings.orientation,
        pixel_size_um=raw.pixel_size_um,
        exposure_s=raw.exposure_s,
        channel=raw.channel,
        source=ImageSource(
            path,
            sha256,
            raw.format,
            reader,
            raw.part,
            (*raw.metadata, ("polarity", polarity.how), *film_note),
        ),
        flags=grey.flags | flags | polarity.flags,
        warnings=(*raw.warnings, *grey.warnings, *polarity.warnings, *ceiling_note, *notes),
    )
    remember_reduced(blot, reduced)
    return blot


def _refuse_merged(raw: RawImage, pixels: NDArray[Any], name: str) -> None:
    """Refuse two pictures in one: what is band and what is membrane cannot be told apart."""
    words = (name, raw.channel, *(value for _, value in raw.metadata))
    if says_merged(words) or is_merged(pixels):
        raise UnreadableImage(
            f"{name}: is a photo of the membrane merged with its chemiluminescence; densities of "
            "such a picture mean nothing: export the chemiluminescence channel alone (or set "
            "image.refuse_merged = false in the recipe if it is one picture)"
        )


def turn(pixels: NDArray[Any], orientation: Orientation) -> NDArray[Any]:
    """View of a picture turned counter-clockwise or mirrored left to right; nothing is copied."""
    if orientation == "mirror":
        return pixels[:, ::-1]
    return np.rot90(pixels, int(orientation) // 90)


def _plain(pixels: NDArray[Any], name: str) -> NDArray[Any]:
    """Check shape and type; native byte order, one block of memory, no signed 8-bit levels."""
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and not 1 <= pixels.shape[2] <= 4):
        raise UnreadableImage(
            f"{name}: has {pixels.shape} values, which is neither grey nor colour; "
            "export one channel as greyscale TIFF"
        )
    if min(pixels.shape[:2]) < 2:
        raise UnreadableImage(
            f"{name}: a picture of {pixels.shape[0]} x {pixels.shape[1]} pixels has no lanes; "
            "export the whole image"
        )
    kind = pixels.dtype.kind
    if kind not in "iuf":
        what = {"c": "complex numbers", "b": "only black and white (1 bit)"}.get(kind, "no numbers")
        raise UnreadableImage(f"{name}: holds {what}, no grey levels; export it again in 16 bits")
    if pixels.dtype == np.int8:  # one exporter says signed and means unsigned
        pixels = pixels.view(np.uint8)
    if kind == "f" and not np.isfinite(pixels).all():
        raise UnreadableImage(
            f"{name}: some of its pixels hold no number (NaN or infinite values); export it again "
            "with plain grey levels"
        )
    if kind == "f" and max(float(pixels.max()), -float(pixels.min())) > _LARGEST_LEVEL:
        raise UnreadableImage(
            f"{name}: holds values beyond {_LARGEST_LEVEL:g}, which no detector gives; export it "
            "again with plain grey levels"
        )
    return np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder("="))


@dataclass(frozen=True)
class _Decision:
    """Polarity, how it was come by, and what to say of it."""

    value: Polarity
    how: str
    flags: Flag = Flag.NONE
    warnings: tuple[str, ...] = ()


def _decide(
    raw: RawImage,
    pixels: NDArray[Any],
    reduced: NDArray[Any],
    settings: ImageSettings,
    name: str,
) -> _Decision:
    """Polarity by, in this order: the user, the detector, the format, the picture."""
    if settings.detector == "film" and settings.polarity == "light_on_dark":
        raise UnreadableImage(
            f"{name}: film is dark where there is protein; leave polarity on auto or use "
            "detector = linear"
        )
    seen = look_for_bands(pixels, reduced)
    picture = f"the picture looks {_WORDS[seen.polarity]} ({seen.confidence:.2f})"
    if settings.polarity != "auto":
        return _Decision(settings.polarity, f"{settings.polarity}, set by the user; {picture}")
    if settings.detector == "film":
        return _Decision("dark_on_light", f"dark_on_light, as film is; {picture}")
    if raw.polarity is not None:
        return _Decision(raw.polarity, f"{raw.polarity}, as the format has it; {picture}")
    return _from_picture(seen, picture)


def _from_picture(seen: Verdict, picture: str) -> _Decision:
    if seen.certain:
        return _Decision(seen.polarity, f"{seen.polarity}: {picture}")
    warning = (
        f"it is not clear whether bands are dark or light; {_WORDS[seen.polarity]} was taken: "
        "set polarity if that is wrong"
    )
    how = f"{seen.polarity}, uncertain: {picture}"
    return _Decision(seen.polarity, how, Flag.POLARITY_UNCERTAIN, (warning,))


def _judge(
    raw: RawImage, levels: Levels, ceiling: float | None, settings: ImageSettings
) -> tuple[Flag, tuple[str, ...]]:
    """Flags and warnings that follow from the format and the settings."""
    flags, notes = Flag.NONE, []
    if raw.lossy:
        flags |= Flag.LOSSY
        notes.append("lossy compression: not fit for publication-grade numbers; export TIFF")
    if levels.is_coarse:
        flags |= Flag.EIGHT_BIT
    if ceiling is None:
        flags |= Flag.SATURATION_NOT_ASSESSABLE
    if settings.orientation == "mirror":
        flags |= Flag.MIRRORED
        notes.append(
            "mirrored left to right: check that the ladder is on the side where you loaded it"
        )
    return flags, tuple(notes)


def _signal_map(
    pixels: NDArray[Any], levels: Levels, polarity: Polarity, settings: ImageSettings, name: str
) -> tuple[SignalMap, tuple[tuple[str, str], ...]]:
    """Map to signal, and what to record of it."""
    if settings.detector == "film":
        if levels.dtype not in (np.uint8, np.uint16):
            raise UnreadableImage(
                f"{name}: optical density needs the scanner's 8 or 16-bit levels, these are "
                f"{levels.dtype}; use detector = linear"
            )
        clear = clear_film(levels)
        return SignalMap(clear_level=clear), (("clear film", f"{clear:g}"),)
    if polarity == "dark_on_light":
        return SignalMap(scale=-1.0, offset=levels.white), ()
    return SignalMap(), ()
