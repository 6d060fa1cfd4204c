"""Blots with known truth, drawn from physics: for planning, teaching, tests and benchmarks."""

from blotquant.simulate.blot import SimulatedBlot, render
from blotquant.simulate.files import save
from blotquant.simulate.kinds import KINDS, simulate
from blotquant.simulate.spec import BlotSpec

__all__ = ["KINDS", "BlotSpec", "SimulatedBlot", "render", "save", "simulate"]
