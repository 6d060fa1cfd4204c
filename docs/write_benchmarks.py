"""Write docs/benchmarks.md: every benchmark run once, its output as it came.

    .venv/bin/python docs/write_benchmarks.py [suite golden ...]

Named scripts are run anew, the sections of the others stay as they are. Exits with 1 when a bound
of one of them does not hold; the page is written all the same and says so.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
# In the order of the page, with the arguments for a machine of two cores.
SCRIPTS = {
    "suite": ["--jobs", "2"],
    "golden": [],
    "studies": ["--jobs", "2"],
    "null_studies": [],
    "speed": [],
    "scaling": ["--scan"],
    "folder": ["--plot"],
    "resume": [],
    "cluster": [],
}
HEAD = """# Benchmarks

Every section is what one command printed; `make bench` runs them all, and `python
docs/write_benchmarks.py` writes this page. Truth is planted: the blots are simulated
(`blotquant.simulate`), and the volume of each band is known. Simulated blots are no real ones: they
say what can be expected at best of a picture like them. What each column means stands in the head
of the script.
"""


def main() -> int:
    wanted = sys.argv[1:] or list(SCRIPTS)
    sections = _sections(PAGE.read_text(encoding="utf-8")) if PAGE.exists() else {}
    failed = []
    for name in wanted:
        done = subprocess.run(
            [sys.executable, str(ROOT / "tests" / "benchmarks" / f"{name}.py"), *SCRIPTS[name]],
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        if not done.stdout.strip():
            sys.stderr.write(done.stderr)
            return 1
        sections[name] = done.stdout.strip()
        if done.returncode:
            failed.append(name)
    parts = [f"<!-- {name} -->\n\n{sections[name]}" for name in SCRIPTS if name in sections]
    PAGE.write_text("\n\n".join([HEAD.strip(), *parts]) + "\n", encoding="utf-8")
    for name in failed:
        sys.stderr.write(f"{name}: a bound does not hold, see the page\n")
    return 1 if failed else 0


def _sections(text: str) -> dict[str, str]:
    """Sections of the page by the script that printed them."""
    pieces = re.split(r"<!-- (\w+) -->\n", text)
    return {name: body.strip() for name, body in zip(pieces[1::2], pieces[2::2], strict=True)}


if __name__ == "__main__":
    sys.exit(main())
