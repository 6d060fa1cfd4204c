"""Figures as files: SVG and PDF with editable text, PNG at 300 dpi; the same bytes each time."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blotquant.figures.styles import FONT, drawing
from blotquant.files import write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["figure_bytes", "pages_pdf", "save_figure"]

_NO_DATE: dict[str, dict[str, Any]] = {
    "svg": {"Date": None, "Creator": "blotquant"},
    "pdf": {"CreationDate": None, "Creator": "blotquant"},
    "png": {"Software": "blotquant"},
}
# What a machine without the font should take instead, before a serif.
_FAMILY = f"'{FONT}'".encode(), f"'{FONT}', Arial, Helvetica, sans-serif".encode()


def figure_bytes(figure: Figure, kind: str, *, dpi: float = 300) -> bytes:
    """A figure as the bytes of a file.

    Parameters
    ----------
    figure : Figure
        From one of the functions of this package.
    kind : {"svg", "pdf", "png"}
        In SVG and PDF a strip keeps its own pixels; in PNG it is brought to the figure's.
    dpi : float
        Of a PNG.

    Returns
    -------
    bytes
    """
    _smooth(figure, kind == "png")
    target = io.BytesIO()
    with drawing(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure.savefig(target, format=kind, dpi=dpi, metadata=_NO_DATE[kind])
    data = target.getvalue()
    return data.replace(*_FAMILY) if kind == "svg" else data


def save_figure(
    figure: Figure, stem: str | Path, kinds: Sequence[str] = ("svg", "pdf", "png")
) -> list[Path]:
    """Write a figure to ``stem.svg``, ``stem.pdf`` and ``stem.png``.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    stem = Path(stem)
    return [
        write_atomically(stem.with_name(f"{stem.name}.{kind}"), figure_bytes(figure, kind))
        for kind in kinds
    ]


def pages_pdf(figures: Sequence[Figure]) -> bytes:
    """Figures as the pages of one PDF."""
    from matplotlib.backends.backend_pdf import PdfPages

    target = io.BytesIO()
    with drawing(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        with PdfPages(target, metadata=_NO_DATE["pdf"]) as pages:
            for figure in figures:
                _smooth(figure, False)
                pages.savefig(figure)
    return target.getvalue()


def _smooth(figure: Figure, smooth: bool) -> None:
    """Pixels of a strip as they are, or averaged where the figure has fewer of them."""
    for axes in figure.axes:
        for image in axes.images:
            image.set_interpolation("auto" if smooth else "none")
