"""What an edit changed, as the log of a sidecar keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ..model import Layout

__all__ = ["difference"]


def difference(before: Layout, after: Layout) -> tuple[dict[str, Any], dict[str, Any]]:
    """The parts of two layouts that are not the same.

    Returns
    -------
    before, after : dict
        ``{"lanes": [...], "bands": [...], ...}`` with only what one of them has and the other has
        not, as plain values; a new lane is in `after` alone, a deleted one in `before` alone.
    """
    was: dict[str, Any] = {}
    is_now: dict[str, Any] = {}
    for kind in ("panels", "lanes", "rows", "bands"):
        old, new = getattr(before, kind), getattr(after, kind)
        _put(was, kind, _missing(old, new))
        _put(is_now, kind, _missing(new, old))
    return was, is_now


def _missing(items: Sequence[Any], others: Sequence[Any]) -> list[dict[str, Any]]:
    known = set(others)
    return [asdict(item) for item in items if item not in known]


def _put(tree: dict[str, Any], kind: str, items: list[dict[str, Any]]) -> None:
    if items:
        tree[kind] = items
