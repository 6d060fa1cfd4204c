"""One spoilt file read within bounds: what came out of it, in which time, with how much memory."""

from __future__ import annotations

import os
import shutil
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

import blotquant as bq
from blotquant.errors import BlotquantError
from blotquant.loaders import is_image, load, owner
from blotquant.model import Blot
from blotquant.session import read_session
from blotquant.study import Study, check_study, read_samples

from .format_writers import bands
from .sound_files import SoundFile

__all__ = ["MOST_MEMORY", "MOST_SECONDS", "READERS", "Outcome", "read_spoilt", "spoilt_files"]

MOST_SECONDS = 10.0  # of one core
MOST_MEMORY = 2**30  # bytes on top of what the process had

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@dataclass(frozen=True)
class Outcome:
    """What reading a spoilt file came to.

    Parameters
    ----------
    said : str
        ``read``, ``refused``, or what went wrong.
    seconds : float
        Of processor time.
    memory : int
        Bytes, the peak above what the process had before; 0 where that cannot be known.
    reason : str
        Message of the refusal.
    """

    said: str
    seconds: float
    memory: int
    reason: str = ""

    @property
    def faults(self) -> list[str]:
        """What breaks the bounds."""
        found = [] if self.said in ("read", "refused") else [self.said]
        found += [f"took {self.seconds:.1f} s"] if self.seconds > MOST_SECONDS else []
        found += [f"took {self.memory / 2**20:.0f} MiB"] if self.memory > MOST_MEMORY else []
        found += ["asked for more memory than there is"] if "memory" in self.reason else []
        found += ["message of several lines"] if "\n" in self.reason else []
        return found


def spoilt_files(sound: SoundFile, rng: Random) -> dict[str, bytes]:
    """The files with one of them spoilt."""
    name = rng.choice(list(sound.spoil))
    spoil = sound.spoil[name]
    return {**sound.files, name: spoil(sound.files[name], rng)}


def read_spoilt(sound: SoundFile, files: dict[str, bytes], folder: Path) -> Outcome:
    """Write the files into an empty folder, read the first one, say how that went."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    before, start = _reset_peak(), time.process_time()
    said, reason = "read", ""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            READERS[sound.read](folder / next(iter(files)))
    except BlotquantError as error:
        said, reason = "refused", str(error)
    except Exception as error:
        said = f"{type(error).__name__}: {error}"[:300]
    return Outcome(said, time.process_time() - start, _peak() - before, reason)


def _image(path: Path) -> None:
    for entry in sorted(path.parent.rglob("*")):
        is_image(entry)
        owner(entry)
    for blot in load(path):
        blot.signal()


def _study(path: Path) -> None:
    study = Study.from_toml(path)
    samples = read_samples(_STUDY / "samples.csv", strict=False)
    check_study(study, samples, {}, path.parent)
    study.to_toml()


def _sheet(path: Path) -> None:
    study = Study.from_toml(_STUDY / "study.toml")
    check_study(study, read_samples(path, strict=False), {}, path.parent)
    read_samples(path)


def _blot() -> Blot:
    return Blot(bands())


def _measure(path: Path) -> None:
    session, blot = read_session(path), _blot()
    session.check(blot)
    bq.measure(blot, session.to_layout(), session.recipe)


def _analyse(path: Path) -> None:
    recipe = bq.Recipe.from_toml(path)
    bq.analyze(_blot(), recipe)


_STUDY = Path(__file__).parents[3] / "test_images" / "study"

READERS: dict[str, Callable[[Path], object]] = {
    "image": _image,
    "recipe": lambda path: bq.Recipe.from_toml(path).to_toml(),
    "study": _study,
    "sidecar": lambda path: read_session(path).to_json(),
    "sheet": _sheet,
    "measure": _measure,
    "analyse": _analyse,
}


def _reset_peak() -> int:
    """Forget the peak of this process's memory; what it has now."""
    if os.access(_CLEAR, os.W_OK):
        _CLEAR.write_text("5")
    return _from_status("VmRSS:")


def _peak() -> int:
    return _from_status("VmHWM:")


def _from_status(key: str) -> int:
    """Bytes, where the system tells (Linux); 0 elsewhere."""
    if not _STATUS.is_file():
        return 0
    for line in _STATUS.read_text().splitlines():
        if line.startswith(key):
            return 1024 * int(line.split()[1])
    return 0
