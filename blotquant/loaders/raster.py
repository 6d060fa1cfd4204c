"""PNG, JPEG, BMP and GIF, by Pillow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UnreadableImage
from .raw import Limits, RawImage

if TYPE_CHECKING:
    from PIL.Image import Image

_MAGIC = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"BM")
_FORMATS = ("PNG", "JPEG", "GIF", "BMP")
# Lengths of the headers that BMP has had.
_BMP_HEADERS = (12, 40, 52, 56, 64, 108, 124)
_EXIF_ORIENTATION = 274
_OPENING = Lock()

__all__ = ["RasterLoader"]


class RasterLoader:
    """Pictures made for screens: measured, with a flag for what they lack."""

    name = "raster"
    suffixes = (".png", ".jpg", ".jpeg", ".bmp", ".gif")

    def sniff(self, head: bytes, path: Path) -> bool:
        """Whether the file begins as one of the four formats does."""
        if head.startswith(b"BM"):  # two letters are little: the header's size field must fit too
            return len(head) > 18 and int.from_bytes(head[14:18], "little") in _BMP_HEADERS
        return head.startswith(_MAGIC[:-1])

    def read(self, path: Path, limits: Limits) -> list[RawImage]:
        """The picture; each frame of an animated GIF or PNG.

        Raises
        ------
        UnreadableImage
            If the size is over the limit, or the picture has two levels only.
        """
        packed = path.stat().st_size
        with _open(path) as image:
            if image.format == "GIF":  # its frames are counted byte by byte
                limits.check_packed(path, packed, 0)
            # the further pictures of a telephone's JPEG are previews
            frames = 1 if image.format == "MPO" else int(getattr(image, "n_frames", 1))
            limits.check(path, frames, image.height, image.width)
            limits.check_count(path, frames)
            unpacked = frames * image.height * image.width * _bytes_a_pixel(image)
            limits.check_unpacked(path, unpacked, packed)
            limits.check_packed(path, packed, unpacked)
            if image.mode == "1":
                raise UnreadableImage(
                    f"{path.name}: has only black and white (1 bit), no grey levels; export it "
                    "again in 16 bits"
                )
            return [_read_frame(image, path, frame, frames) for frame in range(frames)]


def _bytes_a_pixel(image: Image) -> int:
    """Bytes of a decoded pixel; a palette is resolved to colours with alpha."""
    if image.mode in ("P", "PA"):
        return 4
    deep = 2 if image.mode.startswith("I") else 1
    return deep * len(image.getbands())


@contextmanager
def _open(path: Path) -> Iterator[Image]:
    """Open without decoding; Pillow's own size guard is replaced by the recipe's."""
    import PIL.Image

    with path.open("rb") as stream:
        with _OPENING:  # the guard is a global of Pillow
            guard, PIL.Image.MAX_IMAGE_PIXELS = PIL.Image.MAX_IMAGE_PIXELS, None
            try:
                image = PIL.Image.open(stream, formats=_FORMATS)
            except PIL.UnidentifiedImageError:
                raise UnreadableImage(
                    f"{path.name}: is damaged at its beginning; copy or export it again"
                ) from None
            finally:
                PIL.Image.MAX_IMAGE_PIXELS = guard
        with image:
            yield image


def _read_frame(image: Image, path: Path, frame: int, frames: int) -> RawImage:
    """Decode one frame."""
    if frames > 1:
        image.seek(frame)
    kind, mode = image.format or "", image.mode
    pixels = _deep_png(path) if _is_deep_colour_png(image, path) else _decode(image)
    metadata, warnings = _said(image)
    coloured_palette = mode == "P" and pixels.ndim == 3
    return RawImage(
        pixels,
        format=f"{kind}, {pixels.dtype}, {mode}",
        part=str(frame + 1) if frames > 1 else "",
        metadata=metadata,
        # a colour GIF was reduced to 256 colours, often by dithering
        block_step=_block_step(image),
        lossy=kind in ("JPEG", "MPO") or (kind == "GIF" and coloured_palette),
        warnings=warnings,
    )


def _block_step(image: Image) -> float | None:
    """Grey levels between the means that a block of a JPEG may have; None in other files."""
    tables = getattr(image, "quantization", None)
    # a coefficient that holds the mean of 8 x 8 px is 8 times the mean
    return float(tables[0][0]) / 8 if tables and 0 in tables else None


def _decode(image: Image) -> NDArray[Any]:
    """Grey levels or RGB(A) as stored; palettes and print inks resolved."""
    transparent = "transparency" in image.info
    match image.mode:
        case "P" | "PA":
            pixels = np.asarray(image.convert("RGBA" if transparent else "RGB"))
            grey = (pixels[..., :3] == pixels[..., :1]).all()
            return pixels[..., 0] if grey and not transparent else pixels
        case "RGB" | "L" if transparent:
            return np.asarray(image.convert("RGBA" if image.mode == "RGB" else "LA"))
        case "RGB" | "RGBA" | "L" | "LA" | "I;16" | "I;16B" | "I":
            return np.asarray(image)
        case _:
            return np.asarray(image.convert("RGB"))


def _is_deep_colour_png(image: Image, path: Path) -> bool:
    """Whether a PNG has 16 bits in colour or with alpha, which Pillow would cut to 8."""
    if image.format != "PNG":
        return False
    with path.open("rb") as stream:
        head = stream.read(26)
    return head[24] == 16 and head[25] in (2, 4, 6)


def _deep_png(path: Path) -> NDArray[Any]:
    import imagecodecs

    return np.asarray(imagecodecs.png_decode(path.read_bytes()))


def _said(image: Image) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """What the file says of itself, and what to warn of."""
    metadata = [
        (key.lower(), " ".join(str(image.info[key]).split())[:200])
        for key in ("Software", "Description", "comment", "dpi")
        if key in image.info
    ]
    turned = image.getexif().get(_EXIF_ORIENTATION, 1)
    if turned in (1, 0):
        return tuple(metadata), ()
    metadata.append(("orientation tag", str(turned)))
    warning = (
        f"the file asks viewers to turn it (EXIF orientation {turned}); it was read as stored: "
        "set orientation if lanes lie on their side"
    )
    return tuple(metadata), (warning,)
