"""The report of a cohort as PDF for printing: the same content on A4 pages."""

from __future__ import annotations

from pathlib import Path

from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import FigureBase

from processing.cohort.report import content, words
from processing.cohort.report.whole import OWN_HEAD, Drawn, Report, versions
from processing.hour.shelter import Shelter
from processing.report.pages import Pages
from processing.results.session_run import NOTICE

DIM = "#56606A"


def write_pdf(report: Report, out: Path) -> None:
    """Write the report, all or nothing."""
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = out.with_name(f".{out.name}.part")
    nothing = {"CreationDate": None, "ModDate": None, "Producer": None, "Creator": None}
    with PdfPages(fresh, metadata=nothing) as pdf:
        for figure in pages(report).figures:
            pdf.savefig(figure)
    fresh.replace(out)


def pages(report: Report) -> Pages:
    """Return the pages of the report."""
    out = Pages(f"{report.title} · research use only")
    out.new()
    out.heading(report.title, size=15.0)
    for name, value in report.facts:
        out.paragraph(f"{name}: {value}")
    out.paragraph(NOTICE, size=8.5, box=True)
    if not report.therapist:
        out.paragraph(words.HOW_TO_READ)
        out.columns([["May be concluded", *words.MAY], ["May not", *words.MAY_NOT]], size=7.5)
        _missing(out, report)
    shelter = Shelter()
    for title, drawn in report.sections:
        _figures(out, title, drawn, shelter)
    if report.therapist:
        out.table(OWN_HEAD, report.own_rows, (0.34, 0.13, 0.2, 0.08, 0.25))
    for part in report.parts:
        _part(out, part)
    out.paragraph(versions(), size=7.0, color=DIM)
    return out


def _missing(out: Pages, report: Report) -> None:
    out.heading("What is there, and what is missing")
    out.paragraph(words.MISSING, size=7.0, color=DIM)
    out.table(content.MISSING, report.missing, content.MISSING_SHARES, size=6.5)
    for line in report.failures:
        out.paragraph(line, hang="– ", size=7.0)


def _figures(out: Pages, title: str, drawn: list[Drawn], shelter: Shelter) -> None:
    """Write the figures of a section, their heading over the first that there is."""
    headed = False
    for one in drawn:

        def place(height: float) -> FigureBase:
            nonlocal headed
            if not headed:
                out.heading(title, keep=height)
                headed = True
            return out.place(height)

        if shelter.tried(title, lambda one=one: one.draw(place), None) is not None:  # type: ignore[misc]
            out.paragraph(one.caption, size=7.0, color=DIM)


def _part(out: Pages, part: content.Part) -> None:
    out.heading(f"{part.model} {part.title}")
    out.paragraph(part.text, size=7.5)
    if part.rows:
        out.table(content.HEAD, part.rows, content.SHARES, size=5.5)
    if part.left_out:
        out.paragraph(part.left_out, size=7.0, color=DIM)
    for line in part.formulas:
        out.paragraph(line, size=6.5, color=DIM)
    for line in part.refused:
        out.paragraph(line, hang="– ", size=7.0)
