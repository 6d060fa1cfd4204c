"""The validation page: what stands between its markers, and the numbers that it was made of."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "validation.md"
SAVED = ROOT / "tests" / "benchmarks" / "saved" / "validation.json"
_BLOCK = re.compile(
    r"(<!-- measured: (?P<name>[\w ]+) -->\n)(?P<text>.*?)(<!-- end of measured -->)", re.DOTALL
)


def filled(text: str, sections: Mapping[str, str]) -> str:
    """A page with its sections written anew; a section that is not given stays as it is.

    Raises
    ------
    ValueError
        If a section has no place on the page.
    """
    homeless = sorted(set(sections) - names_of(text))
    if homeless:
        raise ValueError(f"the page has no place for: {', '.join(homeless)}")

    def block(match: re.Match[str]) -> str:
        if match["name"] not in sections:
            return match[0]
        return f"{match[1]}\n{sections[match['name']].strip()}\n\n{match[4]}"

    return _BLOCK.sub(block, text)


def names_of(text: str) -> set[str]:
    """Names of the sections that a page has a place for."""
    return {match["name"] for match in _BLOCK.finditer(text)}


def read_saved(path: Path = SAVED) -> dict[str, Any]:
    """What earlier runs have measured; empty where there was none."""
    if not path.exists():
        return {}
    saved: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return saved


def write_saved(saved: Mapping[str, Any], path: Path = SAVED) -> None:
    """Keep what was measured, readable line by line."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(saved, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def unsolved(missed: Mapping[str, list[str]]) -> str:
    """Every promise that was missed, by section."""
    titles = {
        "simulated": "Simulated blots",
        "imagej": "Beside ImageJ",
        "marks": "Specks and scratches",
        "other": "By another simulator",
        "real": "Real images",
        "forensics": "Fitness and integrity",
    }
    lines = []
    for name, title in titles.items():
        if name not in missed:
            lines.append(f"**{title}**: not measured yet.\n")
        elif missed[name]:
            lines.append(f"**{title}**: {len(missed[name])} missed.\n")
            lines += [*(f"- {one}" for one in missed[name]), ""]
        else:
            lines.append(f"**{title}**: every bound holds.\n")
    return "\n".join(lines)
