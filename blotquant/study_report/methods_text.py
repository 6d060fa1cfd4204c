"""The methods paragraph of a study, ready to paste: only what is known, gaps marked."""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from blotquant import __version__
from blotquant.errors import StudyError
from blotquant.outcome import RunOutcome
from blotquant.study_report.methods_measuring import measuring, measuring_cited, probing
from blotquant.study_report.methods_statistics import (
    excluding,
    normalizing,
    replicating,
    statistics_cited,
    testing,
)

__all__ = ["CITATION", "MethodsText", "methods_text"]

# As CITATION.cff has it, which is no part of what is installed; a test holds the two together.
CITATION = (
    f"The blotquant developers. blotquant: western blot quantification, version {__version__}"
)
_LIBRARIES = ("numpy", "scipy", "pandas", "matplotlib")
_GAP = re.compile(r"\[state [^\]]*\]")
_MARKS = re.compile(r"([\\`*_<>#|~])")


@dataclass(frozen=True)
class MethodsText:
    """The methods in parts.

    Parameters
    ----------
    paragraphs : tuple of (str, str)
        Heading and text.
    references : tuple of str
    """

    paragraphs: tuple[tuple[str, str], ...]
    references: tuple[str, ...]

    @property
    def gaps(self) -> tuple[str, ...]:
        """What the study does not say: each placeholder of the text."""
        return tuple(gap for _, text in self.paragraphs for gap in _GAP.findall(text))

    def plain(self) -> str:
        """As plain text."""
        parts = [f"{heading}\n{text}" for heading, text in self.paragraphs]
        cited = "\n".join(f"- {one}" for one in self.references)
        return "\n\n".join([*parts, f"References\n{cited}"]) + "\n"

    def markdown(self) -> str:
        """As Markdown; placeholders are bold, names with signs of their own are escaped."""
        parts = [f"### {heading}\n\n{_marked(text)}" for heading, text in self.paragraphs]
        cited = "\n".join(f"- {_marked(one)}" for one in self.references)
        return "\n\n".join(["## Methods", *parts, f"### References\n\n{cited}"]) + "\n"


def methods_text(run: RunOutcome) -> MethodsText:
    """Write the methods of a study from its results, recipe and provenance.

    Parameters
    ----------
    run : RunOutcome
        With `study`.

    Returns
    -------
    MethodsText
        What the study, its files and the run do not say stands as ``[state ...]``.

    Raises
    ------
    StudyError
        If the run was not one of a study.
    """
    result = run.study
    if result is None:
        raise StudyError("methods: the run has no study; `blotquant init` proposes a study file")
    paragraphs = [
        ("Western blots", probing(run, result)),
        ("Densitometry", [*measuring(run, result), *_software(run.provenance)]),
        ("Normalization", normalizing(result)),
        ("Statistics", [*replicating(result), *testing(result), *excluding(result)]),
        ("Figures", _figures(len(result.summary) > 0)),
    ]
    cited = dict.fromkeys([CITATION, *measuring_cited(run), *statistics_cited(result)])
    told = tuple((heading, _sentences(text)) for heading, text in paragraphs if text)
    return MethodsText(told, tuple(cited))


def _software(provenance: Mapping[str, Any]) -> list[str]:
    """Versions, of the run where its provenance has them."""
    libraries = dict(provenance.get("libraries", {}))
    known = [f"{name} {libraries[name]}" for name in _LIBRARIES if libraries.get(name)]
    python = provenance.get("python") or platform.python_version()
    words = ", ".join([f"Python {python}", *known])
    version = provenance.get("blotquant") or __version__
    told = [
        f"Blots were measured and analysed with blotquant {version} "
        f"(The blotquant developers; {words})."
    ]
    digest = str(provenance.get("recipe_sha256", ""))
    if digest:
        told.append(
            "All settings are in provenance.json (SHA-256 of the recipe begins with "
            f"{digest[:12]})."
        )
    return told


def _figures(drawn: bool) -> list[str]:
    if not drawn:
        return []
    return [
        "Strips are straight crops of the stored images with linear grey levels; lanes that are "
        "not neighbours on the membrane are parted by dashed lines. Uncropped blots are in the "
        "supplement."
    ]


def _sentences(told: Sequence[str]) -> str:
    """Sentences in one paragraph; a name with line feeds stays in it."""
    return " ".join(" ".join(sentence.split()) for sentence in told)


def _marked(text: str) -> str:
    escaped = _MARKS.sub(r"\\\1", text)
    return _GAP.sub(lambda gap: f"**{gap[0]}**", escaped)
