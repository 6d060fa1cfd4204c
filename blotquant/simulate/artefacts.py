"""What should not be on a blot and is: bubbles, scratches, dust, hot pixels, pen, text, frames."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from blotquant.simulate.geometry import Floats, Geometry

__all__ = ["Damage", "draw", "finish"]


@dataclass(frozen=True, eq=False)
class Damage:
    """What happened to the membrane itself.

    Parameters
    ----------
    kept : ndarray, shape (rows, cols)
        Share of the signal that is left, 0 to 1.
    added : ndarray, shape (rows, cols)
        Signal of dust and ink, fractions of full scale.
    hot : ndarray, shape (rows, cols)
        What hot pixels show, fractions of full scale; 0 for all others.
    """

    kept: Floats
    added: Floats
    hot: Floats


def draw(geometry: Geometry, rng: np.random.Generator) -> Damage:
    """Draw bubbles, scratches, dust and marker pen on the membrane, and the camera's hot pixels."""
    spec = geometry.spec
    kept, added = np.ones(spec.shape), np.zeros(spec.shape)
    for _ in range(spec.bubbles):
        kept *= 1 - _bubble(geometry, rng)
    for _ in range(spec.scratches):
        mark = 0.8 * _scratch(geometry, rng)
        if rng.random() < 0.6:
            kept *= 1 - mark
        else:
            added += 0.25 * mark
    for _ in range(spec.dust):
        added += rng.uniform(0.1, 0.6) * _disc(
            spec.shape, _somewhere(geometry, rng), rng.uniform(0.7, 2.8)
        )
    for stroke in range(spec.pen_marks):
        added = np.maximum(added, _pen(geometry, stroke, rng))
    hot = np.zeros(spec.shape)
    rows, cols = (rng.integers(size, size=spec.hot_pixels) for size in spec.shape)
    hot[rows, cols] = rng.uniform(0.4, 1.0, spec.hot_pixels)
    return Damage(kept, added, hot)


def finish(geometry: Geometry, damage: Damage, seen: Floats, rng: np.random.Generator) -> Floats:
    """Add hot pixels to an exposed picture, then the text and frame that software draws."""
    spec = geometry.spec
    seen = np.where(damage.hot > 0, damage.hot * spec.full_scale, seen)
    if not (spec.text or spec.frame) or spec.canvas is None:
        return seen
    mask = np.zeros(spec.shape, dtype=np.uint8)
    if spec.frame:
        cv2.polylines(mask, [_outline(geometry)], True, 255, 2, cv2.LINE_AA)
    if spec.text:
        _write(mask, geometry, rng)
    ink = spec.full_scale if (spec.canvas == "white") == (spec.polarity == "dark_on_light") else 0
    share = mask / 255.0
    return np.asarray(seen * (1 - share) + ink * share, dtype=np.float64)


def _somewhere(geometry: Geometry, rng: np.random.Generator) -> tuple[float, float]:
    """Random image place (row, col) on the membrane."""
    top, left, bottom, right = geometry.rectangle
    row, col = geometry.to_image(
        np.asarray(rng.uniform(top, bottom)), np.asarray(rng.uniform(left, right))
    )
    return float(row), float(col)


def _disc(shape: tuple[int, int], at: tuple[float, float], radius: float) -> Floats:
    """Disc of height 1 with an edge 1.5 px soft."""
    image = np.zeros(shape)
    reach = int(radius + 4)
    r0, c0 = int(at[0]) - reach, int(at[1]) - reach
    r1, c1 = min(r0 + 2 * reach, shape[0]), min(c0 + 2 * reach, shape[1])
    r0, c0 = max(r0, 0), max(c0, 0)
    if r1 > r0 and c1 > c0:
        rows, cols = np.mgrid[r0:r1, c0:c1]
        image[r0:r1, c0:c1] = np.clip(
            (radius - np.hypot(rows - at[0], cols - at[1])) / 1.5 + 0.5, 0, 1
        )
    return image


def _bubble(geometry: Geometry, rng: np.random.Generator) -> Floats:
    """Share of the signal that a bubble kept off the membrane."""
    radius = rng.uniform(0.006, 0.02) * min(geometry.spec.shape) + 2
    return rng.uniform(0.7, 1.0) * _disc(geometry.spec.shape, _somewhere(geometry, rng), radius)


def _scratch(geometry: Geometry, rng: np.random.Generator) -> Floats:
    """A thin, slightly bent line of height 1."""
    row, col = _somewhere(geometry, rng)
    length, angle = rng.uniform(0.1, 0.35) * min(geometry.spec.shape), rng.uniform(0, np.pi)
    t = np.linspace(-0.5, 0.5, 12)
    bend = rng.normal(0, 0.06) * length * (t**2) * 4
    points = np.stack(
        [
            col + length * t * np.cos(angle) - bend * np.sin(angle),
            row + length * t * np.sin(angle) + bend * np.cos(angle),
        ],
        axis=1,
    )
    mask = np.zeros(geometry.spec.shape, dtype=np.uint8)
    cv2.polylines(mask, [np.rint(points * 8).astype(np.int32)], False, 255, 1, cv2.LINE_AA, 3)
    return np.asarray(mask / 255.0, dtype=np.float64)


def _pen(geometry: Geometry, stroke: int, rng: np.random.Generator) -> Floats:
    """A short marker stroke left of the first lane, as people mark their ladder."""
    spec = geometry.spec
    top, left, _, _ = geometry.rectangle
    y = top + geometry.height * (0.1 + 0.8 * (stroke + 0.5) / spec.pen_marks) + rng.normal(0, 3)
    first = float(geometry.lane_center(0, np.asarray(y))) - 0.75 * geometry.widths[0] - 6
    long = min(0.5 * spec.lane_width, 0.8 * (first - left - 4))
    if long < 6:
        return np.zeros(spec.shape)
    x = np.linspace(first - long, first, 6)
    row, col = geometry.to_image(y + np.cumsum(rng.normal(0, 1.2, 6)), x)
    mask = np.zeros(spec.shape, dtype=np.uint8)
    points = np.rint(np.stack([col, row], axis=1) * 8).astype(np.int32)
    cv2.polylines(mask, [points], False, 255, int(rng.integers(3, 7)), cv2.LINE_AA, 3)
    ink = cv2.GaussianBlur(mask, (0, 0), 0.8) / 255.0
    return np.asarray(rng.uniform(0.6, 0.95) * ink, dtype=np.float64)


def _outline(geometry: Geometry) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    """Corners of a frame around the membrane, shape (4, 2), (col, row)."""
    corners = np.array(geometry.corners())
    away = 3 * np.sign(corners - corners.mean(axis=0))
    return np.asarray(np.rint((corners + away)[:, ::-1]), dtype=np.int32)


def _write(
    mask: np.ndarray[tuple[int, ...], np.dtype[np.uint8]],
    geometry: Geometry,
    rng: np.random.Generator,
) -> None:
    """Write lane labels above, molecular weights to the left and a caption below the membrane."""
    corners = np.array(geometry.corners())
    (top, left), (bottom, _) = corners.min(axis=0), corners.max(axis=0)
    size = float(np.clip(geometry.spec.lane_width / 110, 0.3, 0.7))
    for lane in range(geometry.spec.lanes):
        _, col = geometry.lane_path(lane)[0]
        label = "M" if lane + 1 in geometry.spec.ladder_lanes else str(lane + 1)
        _put(mask, label, top - 8, col - 6, size)
    for weight, front in zip((130, 70, 55, 40, 25), np.linspace(0.12, 0.88, 5), strict=True):
        _put(mask, str(weight), top + front * (bottom - top), max(left - 80 * size, 2), size)
    caption = ("Anti-P53 1:1000, 30 s exposure", "WB 12, HepG2, treated 24 h", "Figure 2B")[
        int(rng.integers(3))
    ]
    _put(mask, caption, bottom + 34 * size + 6, left + 10, size)


def _put(
    mask: np.ndarray[tuple[int, ...], np.dtype[np.uint8]],
    text: str,
    row: float,
    col: float,
    size: float,
) -> None:
    """Write `text` with its lower left corner at (row, col)."""
    cv2.putText(
        mask, text, (int(col), int(row)), cv2.FONT_HERSHEY_SIMPLEX, size, 255, 1, cv2.LINE_AA
    )
