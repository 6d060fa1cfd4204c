"""From stored grey levels to signal: bigger means more protein, whatever the file's polarity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAX_OPTICAL_DENSITY", "Polarity", "SignalMap"]

Polarity = Literal["dark_on_light", "light_on_dark"]

# Film and flatbed scanners do not tell blacks beyond this apart (and film is not linear either).
MAX_OPTICAL_DENSITY = 2.5


@dataclass(frozen=True)
class SignalMap:
    """How a stored grey level becomes signal.

    Linear (``clear_level`` is None): ``signal = offset + scale * stored``. Dark bands on a light
    ground have scale -1 and offset = the white level, so that a sum of signal keeps the file's
    grey levels as its unit.

    Film (``clear_level`` given): ``signal = log10(clear_level / stored)``, the optical density
    above clear film; stored levels below ``clear_level / 10**MAX_OPTICAL_DENSITY`` are held there.

    Parameters
    ----------
    scale, offset : float
        The affine map, signal per grey level and signal.
    clear_level : float or None
        Grey level of clear film; None for a linear detector.
    """

    scale: float = 1.0
    offset: float = 0.0
    clear_level: float | None = None

    def __call__(self, stored: NDArray[Any]) -> NDArray[np.float32]:
        """Signal of stored grey levels, float32, same shape; the input is left as it is."""
        if self.clear_level is not None:
            floor = self.clear_level / 10.0**MAX_OPTICAL_DENSITY
            ratio = np.maximum(stored, floor, dtype=np.float32) / np.float32(self.clear_level)
            return np.asarray(-np.log10(ratio), dtype=np.float32)
        # 32-bit levels lose their last bits in float32: only what is left after the map goes there
        signal = stored.astype(np.promote_types(stored.dtype, np.float32))
        if self.scale != 1.0:
            signal *= self.scale
        if self.offset != 0.0:
            signal += self.offset
        return signal.astype(np.float32, copy=False)

    @property
    def unit(self) -> str:
        """Unit of the signal: ``a.u.`` (grey levels) or ``OD``."""
        return "a.u." if self.clear_level is None else "OD"
