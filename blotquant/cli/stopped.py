"""How a command that was stopped says what it leaves behind."""

from __future__ import annotations

__all__ = ["Stopped"]


class Stopped(Exception):
    """Ctrl+C, and what there is to say of it.

    Parameters
    ----------
    message : str
        One line.
    """
