"""Small pictures with bands, for writing into files."""

import numpy as np
import pytest


def bands(dtype="uint16", *, peak=None, ground=None, shape=(90, 120), dark=False, seed=0):
    """Three lanes of two bands each on an even, slightly noisy ground."""
    kind = np.dtype(dtype)
    top = {"u": 2**15, "i": 2**14, "f": 1000.0}[kind.kind] if kind.itemsize > 1 else 180
    if kind == np.int8:
        top = 100
    peak, ground = peak or 0.6 * top, ground if ground is not None else 0.1 * top
    rows, cols = np.mgrid[: shape[0], : shape[1]].astype(float)
    picture = np.full(shape, float(ground))
    for lane in (0.2, 0.5, 0.8):
        for row, share in ((0.3, 1.0), (0.7, 0.5)):
            across = np.abs(cols - lane * shape[1]) < 0.1 * shape[1]
            picture += peak * share * across * np.exp(-0.5 * ((rows - row * shape[0]) / 3) ** 2)
    picture += np.random.default_rng(seed).normal(0, 0.01 * peak, shape)
    if dark:
        picture = picture.max() + ground - picture
    limits = np.iinfo(kind) if kind.kind in "iu" else np.finfo(kind)
    return np.clip(picture, 0, limits.max).astype(kind)


@pytest.fixture
def picture():
    """Function that draws a small blot; see `bands`."""
    return bands
