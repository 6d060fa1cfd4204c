"""Fixtures that every test may use."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The reference images that lie beside the repository, too large to be part of it."""
    folder = ROOT.parent / "shared"
    if not (folder / "real").is_dir():
        pytest.skip(
            f"the reference images are not here: no folder {folder.name}/real beside the repository"
        )
    return folder


@pytest.fixture
def agg():
    """Matplotlib without a screen; the figures that the test opened are closed after it."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    yield plt
    plt.close("all")
