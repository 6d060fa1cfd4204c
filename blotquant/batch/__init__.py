"""Many images: which files, in which order, measured by whom, and written where."""

from blotquant.batch.run import analyze_folder

__all__ = ["analyze_folder"]
