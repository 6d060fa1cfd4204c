"""What a study declares before any number is looked at: pairs, test, correction, comparisons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Literal, get_args, get_type_hints

from blotquant.errors import StudyError

__all__ = ["Comparison", "Contrasts", "Correction", "Design", "Dose", "Pairing", "Profile", "Test"]

Pairing = Literal["paired", "independent", "unknown"]
Test = Literal[
    "auto",
    "ratio_paired",
    "welch",
    "block",
    "one_way",
    "prism_two_way",
    "two_factor",
    "mann_whitney",
    "kruskal_wallis",
    "mixed_model",
]
Correction = Literal["holm-sidak", "sidak", "tukey", "dunnett", "none"]
Contrasts = Literal["against_reference", "all_pairs"]
Profile = Literal["default", "bjp"]

_WITHIN_A_TARGET = ("one_way", "prism_two_way", "block", "auto")


@dataclass(frozen=True)
class Comparison:
    """One question: some groups against their reference, in some of the lanes.

    Parameters
    ----------
    name : str
        Name of the comparison in the tables.
    groups : tuple of str
        Groups compared, without the reference.
    reference : str
        Group they are compared with: its own vehicle, or the same time without treatment.
    targets : tuple of str
        Targets it is about; empty for all.
    where : mapping of str to str
        Columns of the sample sheet and the value a lane must have in each.
    """

    name: str
    groups: tuple[str, ...]
    reference: str
    targets: tuple[str, ...] = ()
    where: Mapping[str, str] = field(default_factory=dict)

    @property
    def condition(self) -> str:
        """Condition in words: ``time_h=24``."""
        return "; ".join(f"{column}={value}" for column, value in self.where.items())

    @property
    def all_groups(self) -> tuple[str, ...]:
        """Reference first, then the groups."""
        return (self.reference, *(group for group in self.groups if group != self.reference))


@dataclass(frozen=True)
class Dose:
    """A dose series: which targets, and which column of the sample sheet holds the dose."""

    targets: tuple[str, ...] = ()
    column: str = "dose"
    where: Mapping[str, str] = field(default_factory=dict)

    @property
    def condition(self) -> str:
        """Condition in words: ``time_h=24``."""
        return "; ".join(f"{column}={value}" for column, value in self.where.items())


@dataclass(frozen=True)
class Design:
    """Everything that decides how a study is tested; it is declared, not chosen from results.

    Parameters
    ----------
    reference_group : str
        Group that the others are compared with.
    groups : tuple of str
        Groups in the order of the tables; empty takes them in the order of the values.
    pairing : {"paired", "independent", "unknown"}
        Whether the values of one replicate belong together; ``unknown`` tests nothing.
    test : str
        Name of the test; ``auto`` takes it from pairing, groups and membranes.
    correction : {"holm-sidak", "sidak", "tukey", "dunnett", "none"}
        How p values are adjusted for the number of tests.
    contrasts : {"against_reference", "all_pairs"}
        Which groups are compared.
    profile : {"default", "bjp"}
        ``bjp`` tests nothing under n = 5 (British Journal of Pharmacology).
    alpha : float
        Level of the tests, for the smallest detectable fold and the n needed.
    factors : tuple of str
        Two columns of the sample sheet, for `two_factor`.
    comparisons : tuple of Comparison
        Questions; empty asks one: every group against `reference_group`.
    doses : tuple of Dose
        Dose series to fit.

    Raises
    ------
    StudyError
        If a choice is not known or two of them contradict each other; all faults in one message.
    """

    reference_group: str
    groups: tuple[str, ...] = ()
    pairing: Pairing = "unknown"
    test: Test = "auto"
    correction: Correction = "holm-sidak"
    contrasts: Contrasts = "against_reference"
    profile: Profile = "default"
    alpha: float = 0.05
    factors: tuple[str, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    doses: tuple[Dose, ...] = ()

    def __post_init__(self) -> None:
        faults = [*self._unknown_words(), *self._contradictions()]
        if faults:
            raise StudyError("statistics: " + "; ".join(faults))

    @property
    def least_n(self) -> int:
        """Replicates below which nothing is tested."""
        return 5 if self.profile == "bjp" else 3

    def _unknown_words(self) -> list[str]:
        hints = get_type_hints(type(self))
        return [
            f"{one.name} = {value!r} is not known, give one of {', '.join(allowed)}"
            for one in fields(self)
            if (allowed := get_args(hints[one.name]))
            and all(isinstance(word, str) for word in allowed)
            and (value := getattr(self, one.name)) not in allowed
        ]

    def _contradictions(self) -> list[str]:
        faults = []
        if not 0 < self.alpha < 1:
            faults.append(f"alpha = {self.alpha} is not between 0 and 1")
        if self.test == "two_factor" and len(set(self.factors)) != 2:
            faults.append("two_factor needs factors = two columns of the sample sheet")
        if self.correction == "dunnett" and self.contrasts == "all_pairs":
            faults.append("dunnett compares with the reference only, take tukey for all_pairs")
        if self.correction in ("tukey", "dunnett") and self.test not in _WITHIN_A_TARGET:
            faults.append(f"{self.correction} does not go with {self.test}, take holm-sidak")
        if self.test == "ratio_paired" and self.pairing == "independent":
            faults.append("ratio_paired needs pairing = paired, take welch or block")
        if self.test == "welch" and self.pairing == "paired":
            faults.append("welch needs pairing = independent, take ratio_paired")
        if self.test == "kruskal_wallis" and self.pairing == "paired":
            faults.append("kruskal_wallis needs pairing = independent, take one_way")
        return faults
