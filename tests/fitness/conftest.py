"""Tampered blots as the benchmark plants them, a few of each."""

import importlib.util
import sys
from pathlib import Path

import pytest

TAMPERING = Path(__file__).parents[1] / "benchmarks" / "parts" / "tampering.py"


@pytest.fixture(scope="session")
def tampering():
    """The benchmark's planting, as a module."""
    spec = importlib.util.spec_from_file_location("tampering_of_tests", TAMPERING)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look it up
    spec.loader.exec_module(module)
    return module
