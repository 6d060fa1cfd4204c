"""The errors blotquant raises, each with the exit code the command line ends with."""

from __future__ import annotations

__all__ = [
    "BlotquantError",
    "ClusterError",
    "LayoutError",
    "NothingFound",
    "OutputError",
    "RecipeError",
    "SessionError",
    "StudyError",
    "UnreadableImage",
]


class BlotquantError(Exception):
    """Base of every error that a user can cause or mend.

    The message is one line: the file, what is wrong with it, and what to do.
    """

    exit_code: int = 1


class RecipeError(BlotquantError):
    """A recipe or an option holds a value that is not allowed."""

    exit_code = 2


class UnreadableImage(BlotquantError):
    """An image file cannot be read, or holds nothing that can be measured."""

    exit_code = 3


class NothingFound(BlotquantError):
    """The image was read and looked at, and it has no lanes or no bands."""

    exit_code = 4


class LayoutError(BlotquantError):
    """Lanes or bands that contradict each other or the image."""

    exit_code = 5


class SessionError(BlotquantError):
    """A sidecar file is damaged, from a newer version, or of another image."""

    exit_code = 6


class StudyError(BlotquantError):
    """A study file or a sample sheet does not fit its images."""

    exit_code = 7


class OutputError(BlotquantError):
    """A result cannot be written."""

    exit_code = 8


class ClusterError(BlotquantError):
    """A Dask cluster does not answer, has other versions, or was lost."""

    exit_code = 9
