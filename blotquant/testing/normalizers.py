"""What is expected of every normalizer, as a test class to be subclassed."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from .. import registry
from ..flags import Flag
from ..normalize import LaneReading, Normalizer, Pairing, Strip
from ..recipe import NormalizationSettings

__all__ = ["NormalizerContract", "blot_strips"]


class NormalizerContract:
    """Subclass it as ``TestMyNormalizer``, set `name`, and run pytest.

    Attributes
    ----------
    name : str
        Name of the normalizer's entry point in the group ``blotquant.normalizers``.
    settings : NormalizationSettings
        Settings under which it divides the strips of `blot_strips`.

    Examples
    --------
    >>> class TestMyNormalizer(NormalizerContract):
    ...     name = "by_cell_count"
    """

    name: str
    settings: NormalizationSettings = NormalizationSettings()

    @pytest.fixture(params=["by name", "in a study"])
    def strips(self, request: pytest.FixtureRequest) -> tuple[Strip, ...]:
        """Two membranes with two targets, two loading controls and a stain of total protein."""
        return blot_strips(study=request.param == "in a study")

    @pytest.fixture
    def normalizer(self) -> Normalizer:
        """The normalizer, as a run finds it."""
        found: Normalizer = registry.get("normalizers", self.name)
        return found

    def test_is_registered(self) -> None:
        """The name is known, and names something to be called."""
        assert self.name in registry.names("normalizers")
        assert callable(registry.get("normalizers", self.name))

    def test_gives_one_divisor_a_reading(
        self, normalizer: Normalizer, strips: tuple[Strip, ...]
    ) -> None:
        """For strips that were given, and for no others."""
        readings = {strip.key: len(strip.readings) for strip in strips}
        for key, divisors in normalizer(strips, self.settings).divisors.items():
            assert readings[key] == len(divisors)

    def test_divides_by_something_above_0_or_says_why_not(
        self, normalizer: Normalizer, strips: tuple[Strip, ...]
    ) -> None:
        """A finite density has an error that is not below 0; NaN has a flag."""
        damaged = tuple(_damaged(strip) for strip in strips)
        for case in (strips, damaged):
            for divisors in normalizer(case, self.settings).divisors.values():
                for one in divisors:
                    if math.isnan(one.density):
                        assert one.flags
                    else:
                        assert 0 < one.density < math.inf
                        assert one.err >= 0

    def test_never_divides_a_strip_by_itself(
        self, normalizer: Normalizer, strips: tuple[Strip, ...]
    ) -> None:
        """Its ratio would be 1 whatever was loaded."""
        shown = {strip.key: strip for strip in strips}
        for key, divisors in normalizer(strips, self.settings).divisors.items():
            nets = [reading.net for reading in shown[key].readings]
            assert nets != [one.density for one in divisors]

    def test_what_the_target_is_does_not_matter(
        self, normalizer: Normalizer, strips: tuple[Strip, ...]
    ) -> None:
        """A target ten times as strong is divided by the same."""
        stronger = tuple(
            _scaled(strip, 10.0) if strip.control is None else strip for strip in strips
        )
        once = normalizer(strips, self.settings).divisors
        again = normalizer(stronger, self.settings).divisors
        for strip in strips:
            if strip.control is None:
                assert once.get(strip.key) == again.get(strip.key)

    def test_the_order_of_strips_does_not_matter(
        self, normalizer: Normalizer, strips: tuple[Strip, ...]
    ) -> None:
        """And it says the same twice."""
        once = normalizer(strips, self.settings)
        for other in (strips, strips[::-1]):
            again = normalizer(other, self.settings)
            assert dict(again.divisors) == dict(once.divisors)
            assert again.messages == once.messages

    def test_any_strips_will_do(self, normalizer: Normalizer, strips: tuple[Strip, ...]) -> None:
        """None at all, without a control, without a lane, without a name."""
        bare = tuple(strip for strip in strips if strip.control is None)
        empty = tuple(replace(strip, readings=(), lanes=0) for strip in strips)
        unnamed = tuple(replace(strip, target="") for strip in bare[:1])
        for case in ((), bare, empty, unnamed):
            pairing = normalizer(case, self.settings)
            assert isinstance(pairing, Pairing)
            assert set(pairing.divisors) <= {strip.key for strip in case}

    def test_messages_are_lines(self, normalizer: Normalizer, strips: tuple[Strip, ...]) -> None:
        """Each is one line of text."""
        bare = tuple(strip for strip in strips if strip.control is None)
        for case in (strips, bare, ()):
            for message in normalizer(case, self.settings).messages:
                assert message.strip()
                assert "\n" not in message


def blot_strips(*, study: bool = False) -> tuple[Strip, ...]:
    """Strips of two membranes of four lanes, with known densities.

    Parameters
    ----------
    study : bool
        Whether a study declares them, or their names tell.

    Returns
    -------
    tuple of Strip
        P53 and PTEN, beta-actin, GAPDH and Ponceau S on M1 and M2, sorted.
    """
    load = (1.0, 1.2, 0.8, 1.5)
    levels = {"P53": 30.0, "PTEN": 70.0, "b-actin": 200.0, "GAPDH": 90.0, "Ponceau": 5000.0}
    strips = [
        _strip(membrane, target, [level * gain * amount for amount in load], study)
        for membrane, gain in (("M1", 1.0), ("M2", 3.0))
        for target, level in levels.items()
    ]
    return tuple(sorted(strips, key=lambda strip: strip.key))


def _strip(membrane: str, target: str, nets: list[float], study: bool) -> Strip:
    roles = {"b-actin": "loading_control", "GAPDH": "loading_control", "Ponceau": "total_protein"}
    whole = target == "Ponceau"
    readings = tuple(
        LaneReading(
            lane=place + 1,
            place=place,
            kind="sample",
            net=net * (1 + 0.01 * (len(target) % 3) * place),
            err=0.05 * net,
            flags=Flag.NONE,
            index=place,
            sample=f"s{place}",
            group="control" if place < 2 else "treated",
            replicate="1",
            limit=0.1 * net,
        )
        for place, net in enumerate(nets)
    )
    return Strip(
        image=f"{membrane}_{target}.tif",
        panel=1,
        membrane=membrane,
        identity=(membrane, ""),
        target=target,
        row=0 if whole else 1,
        rivals=(),
        readings=readings,
        lanes=len(readings),
        role=roles.get(target, "target") if study else "",
    )


def _scaled(strip: Strip, gain: float) -> Strip:
    readings = tuple(
        replace(reading, net=reading.net * gain, err=reading.err * gain)
        for reading in strip.readings
    )
    return replace(strip, readings=readings)


def _damaged(strip: Strip) -> Strip:
    """Lanes below detection, negative, saturated and left out."""
    flaws: tuple[dict[str, Any], ...] = (
        {"flags": Flag.BELOW_DETECTION},
        {"net": -1.0, "flags": Flag.NEGATIVE_NET},
        {"flags": Flag.SATURATED},
        {"use": False, "flags": Flag.EXCLUDED},
    )
    readings = tuple(
        replace(reading, **flaw) for reading, flaw in zip(strip.readings, flaws, strict=True)
    )
    return replace(strip, readings=readings)
