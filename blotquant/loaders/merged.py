"""A photo of the membrane merged with its chemiluminescence picture: two pictures in one."""

from __future__ import annotations

import re
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["is_merged", "says_merged"]

_WORDS = re.compile(
    r"\b(merged?|composite|overlay(ed)?)\b.*\b(chemi\w*|colou?rimetric|marker|ladder)\b"
    r"|\b(chemi\w*|colou?rimetric)\b.*\b(merged?|composite|overlay(ed)?)\b"
    r"|\bcolou?rimetric\s*(\+|and|&)\s*chemi|\bchemi\w*\s*(\+|and|&)\s*colou?rimetric",
    re.IGNORECASE,
)
_SAMPLE = 20_000
# Share of the colour's structure that brightness does not explain, and its size against white.
_OWN, _STRONG = 0.7, 0.04


def says_merged(texts: tuple[str, ...]) -> bool:
    """Whether a name or the file's own words say that two pictures were merged.

    Parameters
    ----------
    texts : tuple of str
    """
    return any(_WORDS.search(re.sub(r"[_\-.]+", " ", text)) for text in texts)


def is_merged(pixels: NDArray[Any]) -> bool:
    """Whether the channels of a colour picture show two pictures, not one stain.

    A stain or a false colour makes each channel a function of one amount, however bent. Where a
    channel varies strongly at the same level of another, and both ways round, there are two
    amounts.

    Parameters
    ----------
    pixels : ndarray, shape (rows, cols, 3 or 4)
    """
    if pixels.ndim != 3 or pixels.shape[2] < 3 or pixels.dtype.kind not in "iu":
        return False
    white = float(np.iinfo(pixels.dtype).max)
    shrink = min(1.0, float(np.sqrt(_SAMPLE / (pixels.shape[0] * pixels.shape[1]))))
    size = (max(round(pixels.shape[1] * shrink), 1), max(round(pixels.shape[0] * shrink), 1))
    # noise is averaged away: what is left is structure
    small = cv2.resize(pixels[..., :3].astype(np.float32), size, interpolation=cv2.INTER_AREA)
    some = np.asarray(small, np.float32).reshape(-1, 3) / np.float32(white)
    pairs = ((0, 1), (0, 2), (1, 2))
    return any(_two_amounts(some[:, one], some[:, two]) for one, two in pairs)


def _two_amounts(first: NDArray[np.float32], second: NDArray[np.float32]) -> bool:
    return all(
        left > _OWN and spread > _STRONG
        for left, spread in (_unexplained(first, second), _unexplained(second, first))
    )


def _unexplained(known: NDArray[np.float32], other: NDArray[np.float32]) -> tuple[float, float]:
    """Share of the variance of a channel that another leaves, and its SD in parts of white."""
    order = np.argsort(known, kind="stable")
    groups = np.array_split(other[order], max(len(other) // 200, 1))
    inside = float(np.mean([group.var() for group in groups]))
    return inside / max(float(other.var()), 1e-12), float(np.sqrt(inside))
