"""Models over sessions and people, each term with its interval or the reason why it has none."""

from processing.cohort.models.everything import fit_all

__all__ = ["fit_all"]
