"""`python -m blotquant.simulate FOLDER` writes a small study and hard blots, with their truth."""

from __future__ import annotations

import argparse
import sys

from blotquant.errors import BlotquantError
from blotquant.simulate import KINDS, write_demo_set


def main() -> int:
    """Write the set; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m blotquant.simulate", description=__doc__)
    parser.add_argument("folder", help="where to write")
    parser.add_argument("--kinds", nargs="+", metavar="KIND", help=", ".join(KINDS))
    parser.add_argument("--seed", type=int, default=1, help="first seed (default 1)")
    parser.add_argument("--count", type=int, default=1, help="blots of each kind (default 1)")
    given = parser.parse_args()
    try:
        paths = write_demo_set(given.folder, kinds=given.kinds, seed=given.seed, count=given.count)
    except BlotquantError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(f"{len(paths)} blots in {given.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
