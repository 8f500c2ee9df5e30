"""The report of a cohort: courses of dyads, models, quality, and what is missing; people are not ranked."""

from processing.cohort.report.report import write_report

__all__ = ["write_report"]
