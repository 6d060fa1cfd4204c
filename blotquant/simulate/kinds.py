"""Named kinds of difficulty, each with endless blots that show it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from difflib import get_close_matches

import numpy as np

from blotquant.errors import BlotquantError
from blotquant.simulate import kinds_lanes, kinds_picture
from blotquant.simulate.blot import SimulatedBlot, render
from blotquant.simulate.spec import BlotSpec

Kind = Callable[[np.random.Generator], BlotSpec]

KINDS: dict[str, Kind] = {
    kind.__name__: kind
    for kind in (
        kinds_lanes.clean,
        kinds_lanes.light_on_dark,
        kinds_lanes.lean,
        kinds_lanes.bow,
        kinds_lanes.s_bend,
        kinds_lanes.fan,
        kinds_lanes.smile,
        kinds_lanes.many_lanes,
        kinds_lanes.few_lanes,
        kinds_lanes.gaps,
        kinds_lanes.empty_lanes,
        kinds_lanes.missing_bands,
        kinds_lanes.ladder_left,
        kinds_lanes.ladder_middle,
        kinds_lanes.doublets,
        kinds_lanes.touching_lanes,
        kinds_lanes.uneven_width,
        kinds_picture.weak,
        kinds_picture.cloudy,
        kinds_picture.gradient,
        kinds_picture.smear,
        kinds_picture.specks,
        kinds_picture.canvas_white,
        kinds_picture.canvas_black,
        kinds_picture.text_marks,
        kinds_picture.saturated,
        kinds_picture.eight_bit,
        kinds_picture.twelve_bit,
        kinds_picture.jpeg,
        kinds_picture.strip,
        kinds_picture.strip_sloping,
        kinds_picture.strip_cloudy,
        kinds_picture.kitchen_sink,
    )
}

__all__ = ["KINDS", "simulate", "spec_of"]


def simulate(kind: str, seed: int) -> SimulatedBlot:
    """Draw a blot of a named kind; each seed gives another one.

    Parameters
    ----------
    kind : str
        A name in `KINDS`.
    seed : int
        Same kind and seed, same pixels.

    Returns
    -------
    SimulatedBlot
        The picture with its truth.

    Raises
    ------
    BlotquantError
        If there is no such kind.

    Examples
    --------
    >>> simulate("strip", seed=1).truth["kind"]
    'strip'
    """
    return render(spec_of(kind, seed), seed)


def spec_of(kind: str, seed: int) -> BlotSpec:
    """Parameters of the blot that `simulate` draws, to be looked at or changed before `render`."""
    if kind not in KINDS:
        near = get_close_matches(kind, KINDS, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "known: " + ", ".join(KINDS)
        raise BlotquantError(f"no kind of simulated blot is called {kind!r}; {hint}")
    # seeded by name: a kind added later leaves all others as they were
    rng = np.random.default_rng([seed, *kind.encode()])
    return replace(KINDS[kind](rng), kind=kind)
