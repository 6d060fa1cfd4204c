"""What a loader hands over: pixels as they are stored, and what the file says of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from numpy.typing import NDArray

from ..errors import UnreadableImage
from ..signal import Polarity

_ALWAYS_ALLOWED = 128 * 2**20  # bytes
_LARGEST_RATIO = 100
_ALWAYS_BESIDE = 2**26  # bytes of words, thumbnails and profiles
_MOST_PICTURES = 500

__all__ = ["Limits", "Loader", "LoaderOfSeveralFiles", "RawImage"]


@dataclass(frozen=True)
class Limits:
    """How much a file may ask for, checked before a pixel is decoded or memory taken.

    Parameters
    ----------
    max_megapixels : float
        Largest number of pixels in all pictures of one file, Mpx.
    """

    max_megapixels: float = 500.0

    def check_unpacked(self, path: Path, unpacked: int, packed: int) -> None:
        """Refuse a file that would unpack to far more than a picture of a blot ever does.

        Noise does not compress: blots shrink to a half or a tenth, and only a bomb to a hundredth.
        Below 128 MiB nothing is refused.

        Parameters
        ----------
        path : Path
            The file, for the message.
        unpacked, packed : int
            Bytes in memory as the file declares them, and bytes on the disk.

        Raises
        ------
        UnreadableImage
            If `unpacked` is above 128 MiB and more than a hundred times `packed`.
        """
        if unpacked > max(_ALWAYS_ALLOWED, _LARGEST_RATIO * packed):
            raise UnreadableImage(
                f"{path.name}: declares {unpacked / 2**20:,.0f} MiB of pixels in a file of "
                f"{packed / 2**20:,.1f} MiB, which no picture of a blot is; export it again"
            )

    def check_packed(self, path: Path, packed: int, unpacked: int | None = None) -> None:
        """Refuse a file that is far larger than its pictures need, before all of it is read.

        Parameters
        ----------
        path : Path
            The file, for the message.
        packed, unpacked : int
            Bytes on the disk, and bytes of its pictures where they are known; 8 a pixel of the
            largest allowed number otherwise.

        Raises
        ------
        UnreadableImage
            If `packed` is more than 64 MiB above `unpacked`.
        """
        known = int(8e6 * self.max_megapixels) if unpacked is None else unpacked
        if packed > known + _ALWAYS_BESIDE:
            raise UnreadableImage(
                f"{path.name}: is a file of {packed / 2**20:,.0f} MiB, far more than its pictures "
                "can need; it is damaged, copy or export it again"
            )

    def check_count(self, path: Path, pictures: int) -> None:
        """Refuse a file of more pictures than a membrane is ever exposed or probed for.

        Raises
        ------
        UnreadableImage
            If there are more than 500.
        """
        if pictures > _MOST_PICTURES:
            raise UnreadableImage(
                f"{path.name}: holds {pictures} pictures, more than {_MOST_PICTURES}; save those "
                "with blots on their own"
            )

    def check(self, path: Path, *size: int) -> None:
        """Refuse a declared size that is empty or too large.

        Parameters
        ----------
        path : Path
            The file, for the message.
        *size : int
            Pixels along each axis (rows, cols, and pages if there are several).

        Raises
        ------
        UnreadableImage
            If the product of `size` is 0, negative or above the limit.
        """
        declared = 1
        for length in size:
            declared *= length
        shape = " x ".join(str(length) for length in size)
        if min(size) < 1:
            raise UnreadableImage(
                f"{path.name}: declares a picture of {shape} pixels, which is empty; "
                "export it again"
            )
        if declared > self.max_megapixels * 1e6:
            raise UnreadableImage(
                f"{path.name}: declares {shape} pixels, more than the limit of "
                f"{self.max_megapixels:g} Mpx; if that is right, raise max_megapixels in the recipe"
            )


@dataclass(frozen=True, eq=False)
class RawImage:
    """One picture as it is stored. What it means (polarity, colour, ceiling) is decided later.

    Parameters
    ----------
    pixels : ndarray, shape (rows, cols) or (rows, cols, samples)
        Stored grey levels. 2 samples are grey and alpha, 3 are RGB, 4 are RGB and alpha.
    format : str
        In words, e.g. ``"TIFF, uint16, deflate"``.
    part : str
        Page or channel inside the file, from "1"; empty when the file holds one picture.
    channel : str
        Name of the channel or page, if it has one.
    metadata : tuple of (str, str)
        What the file says of itself, kept small.
    polarity : {"dark_on_light", "light_on_dark"} or None
        What the format prescribes; None where only the picture can tell.
    ceiling : float or None
        Grey level at which the detector saturates, where the file states it.
    bit_depth : int or None
        Bits that carry information, where the file states it.
    lossy : bool
        Whether the compression loses information.
    block_step : float or None
        Grey levels between the values that the mean of a JPEG's block may have, where the file
        states them.
    exposure_s : float or None
    pixel_size_um : float or None
    warnings : tuple of str
        One line each, for the report.
    """

    pixels: NDArray[Any]
    format: str
    part: str = ""
    channel: str = ""
    metadata: tuple[tuple[str, str], ...] = ()
    polarity: Polarity | None = None
    ceiling: float | None = None
    bit_depth: int | None = None
    lossy: bool = False
    block_step: float | None = None
    exposure_s: float | None = None
    pixel_size_um: float | None = None
    warnings: tuple[str, ...] = ()


@runtime_checkable
class Loader(Protocol):
    """A reader of one file format, registered in the entry-point group ``blotquant.loaders``.

    What is registered is called without arguments and gives an object with these members.
    `blotquant.testing.LoaderContract` holds a reader to what is expected of it.
    """

    name: str
    """Name in the registry."""
    suffixes: tuple[str, ...]
    """Usual endings of file names, lower case, with the dot."""

    def sniff(self, head: bytes, path: Path) -> bool:
        """Whether this loader reads a file that begins with `head` (its first 4096 bytes)."""
        ...

    def read(self, path: Path, limits: Limits) -> list[RawImage]:
        """Every picture in the file, in its order.

        Any exception is turned into `UnreadableImage`; raise that one to say more. Sizes are
        given to ``limits.check`` before pixels are decoded.
        """
        ...


@runtime_checkable
class LoaderOfSeveralFiles(Loader, Protocol):
    """A reader of a format whose pictures lie in more than one file, e.g. Fuji's .img and .inf."""

    def files(self, path: Path) -> tuple[Path, ...]:
        """All files that make up what `read` gives for `path`: the hash is of all of them.

        Raises
        ------
        UnreadableImage
            If one is missing.
        """
        ...

    def owner(self, path: Path) -> Path | None:
        """File through which `path` is read, where that is another one; None otherwise.

        A run over a folder leaves `path` out if it reads its owner anyway.
        """
        ...
