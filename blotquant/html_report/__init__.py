"""The report of a run: one self-contained HTML page."""

from blotquant.html_report.page import REPORT_NAME, render_report, write_report

__all__ = ["REPORT_NAME", "render_report", "write_report"]
