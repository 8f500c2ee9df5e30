"""All that a report says: HTML and PDF are made of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version

from matplotlib.figure import FigureBase

from processing.cohort.report.content import Part
from processing.report.figures import Place

Draw = Callable[[Place], FigureBase | None]
OWN_HEAD = ("of", "value", "95 % interval", "n", "remark")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Drawn:
    """Hold a figure to be drawn, its caption and what it shows in words."""

    draw: Draw
    caption: str


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Report:
    """Hold all that a report says: HTML and PDF are made of it."""

    title: str
    facts: list[tuple[str, str]]
    sections: list[tuple[str, list[Drawn]]]
    missing: list[list[str]]
    failures: list[str]
    parts: list[Part]
    own_rows: list[list[str]]
    therapist: str = ""


def versions() -> str:
    """Return what made the report."""
    return f"attunement {version('attunement')}, numpy {version('numpy')}, matplotlib {version('matplotlib')}"
