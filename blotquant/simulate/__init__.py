"""Blots with known truth, drawn from physics: for planning, teaching, tests and benchmarks."""

from blotquant.simulate.blot import SimulatedBlot, render
from blotquant.simulate.files import save, write_suite
from blotquant.simulate.kinds import KINDS, simulate, spec_of
from blotquant.simulate.spec import BlotSpec
from blotquant.simulate.study import FOLDS, HARD_KINDS, StudySpec, write_demo_set, write_study

__all__ = [
    "FOLDS",
    "HARD_KINDS",
    "KINDS",
    "BlotSpec",
    "SimulatedBlot",
    "StudySpec",
    "render",
    "save",
    "simulate",
    "spec_of",
    "write_demo_set",
    "write_study",
    "write_suite",
]
