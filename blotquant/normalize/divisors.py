"""What a normalizer is: it gives each lane of each target the density to divide by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from blotquant.flags import Flag
from blotquant.normalize.bounds import Bound

if TYPE_CHECKING:
    from blotquant.normalize.strips import Strip, StripKey
    from blotquant.recipe import NormalizationSettings

__all__ = ["Divisor", "Normalizer", "Pairing", "no_normalization"]


@dataclass(frozen=True)
class Divisor:
    """What a target's density in one lane is divided by.

    Parameters
    ----------
    density, err : float
        Density and its standard error (a.u. x px); NaN where there is none.
    control : str
        Name of the loading control, as shown; empty where there is none.
    image : str
        Image that shows the control.
    flags : Flag
        What is to be said of the ratio; a density of NaN has one.
    bound : str
        What `density` is for the true one: lower bound, upper bound, either way, or empty.
    """

    density: float
    err: float
    control: str = ""
    image: str = ""
    flags: Flag = Flag.NONE
    bound: Bound = ""


@dataclass(frozen=True)
class Pairing:
    """What a normalizer gives back.

    Parameters
    ----------
    divisors : mapping
        For each target's strip (by `Strip.key`) one divisor per reading, in the same order. A
        strip that is not in it is a control itself, or is not normalized.
    messages : tuple of str
        One line each, for the user.
    """

    divisors: Mapping[StripKey, tuple[Divisor, ...]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    messages: tuple[str, ...] = ()


class Normalizer(Protocol):
    """Signature of what is registered under ``blotquant.normalizers``."""

    def __call__(
        self, strips: tuple[Strip, ...], settings: NormalizationSettings
    ) -> Pairing:  # pragma: no cover
        """Pair each target's strip with what it is divided by."""
        ...


def no_normalization(strips: tuple[Strip, ...], settings: NormalizationSettings) -> Pairing:
    """Divide by nothing: densities stay as measured, without a word about controls.

    Targets of a study are divided by 1, so that they come into the table of normalized densities
    as they are.

    Parameters
    ----------
    strips : tuple of Strip
    settings : NormalizationSettings
    """
    declared = (strip for strip in strips if strip.role and strip.control != "total_protein")
    return Pairing({strip.key: (Divisor(1.0, 0.0),) * len(strip.readings) for strip in declared})
