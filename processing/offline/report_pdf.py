"""The report as PDF for printing: the same content on A4 pages."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import matplotlib as mpl
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure

from processing.offline import figures, report_text
from processing.offline.report import STYLE, tables
from processing.offline.session_metrics import Hour
from processing.session_run import NOTICE, SessionRun

A4 = (8.27, 11.69)
LEFT, TOP, LINE = 0.06, 0.955, 0.0158
COLUMNS = 104
LINES = 56


def write_pdf(run: SessionRun, hour: Hour, out: Path) -> None:
    """Write the PDF report, all or nothing: quality, the page, figures, tables, methods."""
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = out.with_name(f".{out.name}.part")
    nothing = {"CreationDate": None, "ModDate": None, "Producer": None, "Creator": None}
    with mpl.rc_context(STYLE), PdfPages(fresh, metadata=nothing) as pdf:
        for figure in _figures(run, hour):
            pdf.savefig(figure)
    fresh.replace(out)


def _figures(run: SessionRun, hour: Hour) -> list[Figure]:
    pages = _text(f"Session {run.id}: quality", [NOTICE, "", *_quality(run, hour)])
    pages.append(figures.overview(hour))
    pages += _text("The hour on a page", _page(hour))
    more = [figures.indices(hour.line), figures.two_axes(hour.line)]
    pages += [f for f in (*more, figures.synchrony(run.samples, hour.line)) if f is not None]
    for code, figure in figures.event_locked(hour.responses):
        figure.suptitle(code, fontsize=8, x=0.02, ha="left")
        pages.append(figure)
    for entity, measures in tables(hour).items():
        rows = report_text.table(measures)
        pages += _text(f"Tables: {entity}", [_row(r) for r in rows], small=True)
    methods = [report_text.methods(run, version("attunement")), "", *report_text.REFERENCES, "", NOTICE]
    return pages + _text("Methods", methods)


def _quality(run: SessionRun, hour: Hour) -> list[str]:
    rows = [f"{r.entity:10} {r.what:17} {r.usable:34} {r.remark}" for r in report_text.quality(run, hour)]
    return [*rows, "", *run.remarks, *report_text.notices(run)]


def _page(hour: Hour) -> list[str]:
    lines: list[str] = []
    for entity, sentences in report_text.on_a_page(hour).items():
        lines += [entity.capitalize(), *(f"  {s}" for s in sentences), ""]
    lines += ["What may be concluded", *(f"  – {s}" for s in report_text.MAY), ""]
    return [*lines, "What may not", *(f"  – {s}" for s in report_text.MAY_NOT)]


def _row(row: dict[str, str]) -> str:
    text = f"{row['metric']:34} {row['value']:>12} {row['interval']:>16} {row['n']:>5} {row['valid']:>6}"
    return f"{text}  {row['reason']}".rstrip()


def _text(title: str, lines: Sequence[str], *, small: bool = False) -> list[Figure]:
    """Return pages of text in a fixed-width font, long lines wrapped."""
    wrapped = [
        part for line in lines for part in textwrap.wrap(line, COLUMNS, subsequent_indent="    ") or [""]
    ]
    pages = []
    for start in range(0, max(len(wrapped), 1), LINES):
        figure = Figure(figsize=A4)
        figure.text(LEFT, TOP, title, fontsize=13, weight="bold", va="top")
        body = "\n".join(wrapped[start : start + LINES])
        figure.text(
            LEFT, TOP - 2.5 * LINE, body, fontsize=6.9 if small else 7.2, family="DejaVu Sans Mono",
            va="top", linespacing=1.45,
        )  # fmt: skip
        pages.append(figure)
    return pages
