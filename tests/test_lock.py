"""Two runs never write to one folder at a time."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile

from blotquant.batch.lock import locked
from blotquant.errors import OutputError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no such locks on Windows")

COMMAND = Path(sys.executable).with_name("blotquant")
HOLDS = """
import sys
from pathlib import Path
from blotquant.batch.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path):
    """Another process that is writing to `out`."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, tmp_path / "out"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_the_folder_of_another_run_is_left_alone(other, tmp_path):
    blots = tmp_path / "blots"
    blots.mkdir()
    tifffile.imwrite(blots / "a.tif", np.zeros((40, 60), np.uint16), photometric="minisblack")
    done = subprocess.run(
        [COMMAND, "run", blots, "-o", tmp_path / "out"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == OutputError.exit_code
    (line,) = done.stderr.strip().splitlines()
    assert "another run is writing there" in line
    assert str(tmp_path / "out") in line
    assert not any((tmp_path / "out").iterdir())


def test_a_killed_run_holds_nothing(other, tmp_path):
    with pytest.raises(OutputError, match="another run"), locked(tmp_path / "out"):
        pass
    other.kill()
    other.wait()
    with locked(tmp_path / "out"):
        pass


def test_a_folder_made_for_nothing_goes_again(tmp_path):
    with pytest.raises(RuntimeError), locked(tmp_path / "new"):
        raise RuntimeError
    assert not (tmp_path / "new").exists()
    with locked(tmp_path / "new"):
        (tmp_path / "new" / "bands.csv").touch()
    assert (tmp_path / "new" / "bands.csv").exists()


def test_a_file_in_its_place_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="is not a folder"), locked(tmp_path / "file"):
        pass
