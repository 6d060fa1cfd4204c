"""What a study hands out: tables, figures as files, methods in words, checklists, a Prism file."""

from .checklist import CHECKLIST_COLUMNS, checklist, checklist_markdown
from .drawing import StudyDrawing
from .methods_text import MethodsText, methods_text
from .pictures import StudyFiles, write_figures
from .prism import prism_file
from .tables import study_tables
from .writing import planned_files, shown_figures, write_study_report

__all__ = [
    "CHECKLIST_COLUMNS",
    "MethodsText",
    "StudyDrawing",
    "StudyFiles",
    "checklist",
    "checklist_markdown",
    "methods_text",
    "planned_files",
    "prism_file",
    "shown_figures",
    "study_tables",
    "write_figures",
    "write_study_report",
]
