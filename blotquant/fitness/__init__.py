"""Is a picture fit for measuring: what was done to it before, what that does to the numbers."""

from .assessing import CHECKS, assess, judged
from .finding import Finding, Grade

__all__ = ["CHECKS", "Finding", "Grade", "assess", "judged"]
