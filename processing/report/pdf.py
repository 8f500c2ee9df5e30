"""The report as PDF for printing: the same content on A4 pages."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import matplotlib as mpl
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import FigureBase

from processing.metrics.self_report import as_rows
from processing.metrics.session_metrics import Hour
from processing.report import by_hand, captions, figures, heading, phase_table, rated, rated_figure, rr_series
from processing.report import quality as report_quality
from processing.report import text as report_text
from processing.report import words as report_words
from processing.report.captions import Captions
from processing.report.methods import methods, recorded_people, whose
from processing.report.names import WHOSE, spaced
from processing.report.pages import Pages
from processing.report.report import STYLE, tables, turns
from processing.results.session_run import NOTICE, SessionRun

TEXT, DIM = "#1B2126", "#56606A"
WHOLE = 9.0
"""A table that is higher with its notes may be cut [inch]."""
NAMES = {"client": "Client", "therapist": "Therapist", "dyad": "Both"}


def write_pdf(run: SessionRun, hour: Hour, out: Path, *, rr: bool = False) -> None:
    """Write the PDF report, all or nothing: quality, the page, figures, tables, methods; `rr`: RR series."""
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = out.with_name(f".{out.name}.part")
    nothing = {"CreationDate": None, "ModDate": None, "Producer": None, "Creator": None}
    with mpl.rc_context(STYLE), PdfPages(fresh, metadata=nothing) as pdf:
        for figure in pages(run, hour, rr=rr).figures:
            pdf.savefig(figure)
    fresh.replace(out)


def pages(run: SessionRun, hour: Hour, *, rr: bool = False) -> Pages:
    """Return the pages of the report."""
    out = Pages(f"Session {run.id} · research use only")
    count = Captions(whose(run), report_text.signals_in_words(figures.drawn_of(hour.line)))
    out.new()
    _quality(out, run, hour)
    _phases(out, run, hour, count)
    _hour(out, hour, count)
    _noted(out, run, count)
    _signals(out, run, hour, count)
    _rated(out, run, count)
    if rr:
        _rr(out, run, hour, count)
    _responses(out, hour, count)
    for entity, measures in tables(hour).items():
        rows = [
            [r[k] for k in ("metric", "value", "interval", "n", "valid", "reason")]
            for r in report_text.table(measures)
        ]
        out.heading(f"Tables: {WHOSE[entity]}")
        out.caption(count.table(f"Session metrics: {WHOSE[entity]}"))
        head = ("metric", "value", "95 % interval", "n", "valid", "why there is no value; remarks")
        out.table(head, rows, (0.31, 0.13, 0.15, 0.06, 0.07, 0.28), size=6.5)
        out.paragraph(report_words.OF_METRICS, size=7.0, color=DIM)
    out.heading("Methods")
    out.paragraph(methods(run, hour, version("attunement")))
    out.heading("References", size=9.5)
    for line in report_words.REFERENCES:
        out.paragraph(line, size=7.0)
    out.paragraph(
        f"attunement {version('attunement')}, parameters {run.config.digest()}", size=7.0, color=DIM
    )
    out.paragraph(NOTICE, box=True)
    return out


def _quality(out: Pages, run: SessionRun, hour: Hour) -> None:
    out.heading(f"Session {run.id}", size=15.0)
    for name, value in heading.facts(run):
        out.paragraph(f"{name}: {value}")
    out.paragraph(f"state of the recording: {run.recording.state}", color=DIM)
    out.paragraph(NOTICE, size=8.5, box=True)
    out.heading("Quality of the recording")
    out.caption(captions.QUALITY)
    rows = [[r.entity, r.what, r.usable, r.remark] for r in report_quality.quality(run, hour)]
    out.table(("who", "what", "usable", "remark"), rows, (0.11, 0.19, 0.25, 0.45))
    out.paragraph(report_words.IN_BRACKETS, size=7.0, color=DIM)
    for line in run.remarks:
        out.paragraph(line, hang="– ")
    notices = report_quality.notices(run)
    if notices:
        out.heading("Devices and files", size=9.5, keep=0.5)
    for line in notices:
        out.paragraph(line, hang="– ", size=7.5)


def _phases(out: Pages, run: SessionRun, hour: Hour, count: Captions) -> None:
    table = phase_table.phase_table(run, hour)
    notes = [f"– no value. {'; '.join(table.reasons)}."] if table.reasons else []
    notes.append(phase_table.note(run.config))
    high = out.height_of(table.head, table.rows, phase_table.SHARES, size=6.0) if table.rows else 0.0
    high += sum(out.height_of_text(line, size=7.0) for line in notes)
    out.heading("The phases", keep=min(high, WHOLE))
    if not table.rows:
        out.paragraph(phase_table.NONE)
        return
    out.caption(count.table(phase_table.TITLE))
    out.table(table.head, table.rows, phase_table.SHARES, size=6.0)
    for k, line in enumerate(notes, 1):
        out.paragraph(line, size=7.0, color=DIM if k == len(notes) else TEXT)
    if corrected := by_hand.rows(run, hour):
        out.caption(count.table(by_hand.TITLE))
        out.table(by_hand.HEAD, by_hand.printed(corrected), by_hand.SHARES, size=6.0)
        out.paragraph(by_hand.NOTE, size=7.0, color=DIM)


def _under(out: Pages, count: Captions, what: str, note: str = "", **of: str) -> figures.Place:
    """Return what gives room for a figure, its number and title over it, and the note that will follow."""

    def place(height: float) -> FigureBase:
        out.caption(count.figure(what, **of))
        return out.place(height, note)

    return place


def _hour(out: Pages, hour: Hour, count: Captions) -> None:
    out.heading("The hour on a page")
    figures.overview(hour, _under(out, count, "overview", report_words.HOW_TO_READ))
    out.paragraph(report_words.HOW_TO_READ, size=7.0, color=DIM)
    out.heading("What was measured", size=9.5)
    out.columns([[NAMES[e], *sentences] for e, sentences in report_text.on_a_page(hour).items()], size=7.5)
    out.heading("What may be concluded, and what not", size=9.5)
    out.columns([["May be concluded", *report_text.may(hour)], ["May not", *report_words.MAY_NOT]], size=7.5)


def _noted(out: Pages, run: SessionRun, count: Captions) -> None:
    rows = as_rows(run.recording.session, run.filled)
    if rows:
        out.heading("Noted and said")
        out.paragraph(report_words.NOTED, size=7.0, color=DIM)
        out.caption(count.table("What was noted and said"))
        out.table(("by whom", "what", "noted"), rows, (0.28, 0.37, 0.35))


def _rr(out: Pages, run: SessionRun, hour: Hour, count: Captions) -> None:
    drawn = rr_series.series(run, hour)
    if drawn:
        out.heading("RR series and spectrum", keep=2.6)
        out.paragraph(rr_series.NOTE, size=7.0, color=DIM)
    for who, draw in drawn:
        draw(_under(out, count, "rr", code=who))


def _signals(out: Pages, run: SessionRun, hour: Hour, count: Captions) -> None:
    out.heading(f"Signals of {whose(run)}")
    note = report_text.about_signals(
        figures.drawn_of(hour.line), run.config, both=len(recorded_people(run)) == 2
    )
    if figures.indices(hour.line, _under(out, count, "indices", note)) is None:
        out.paragraph(report_words.NO_SIGNALS)
    else:
        out.paragraph(note, size=7.0, color=DIM)
    note = report_text.about_two_axes()
    if figures.two_axes(hour.line, _under(out, count, "two_axes", note)) is not None:
        out.paragraph(note, size=7.0, color=DIM)
    out.heading("Synchrony", keep=4.8)
    if (
        figures.synchrony(run.samples, hour.line, _under(out, count, "synchrony", report_words.SYNCHRONY))
        is None
    ):
        out.paragraph(report_words.NO_SYNCHRONY)
    else:
        out.paragraph(report_words.SYNCHRONY, size=7.0, color=DIM)
    out.heading("Turn-taking")
    rows = turns(hour)
    if rows:
        out.caption(count.table("Who spoke for how long, and how the floor changed"))
        out.table(("who: what", "value"), rows, (0.5, 0.5))
    else:
        out.paragraph(report_text.no_turns(hour))


def _rated(out: Pages, run: SessionRun, count: Captions) -> None:
    tables = (
        (rated.TITLE, rated.HEAD, rated.between(run), rated.SHARES),
        (rated.AGAINST, rated.AGAINST_HEAD, rated.against(run), rated.AGAINST_SHARES),
    )
    if run.ratings.traces:
        out.heading("Ratings")
        note = rated_figure.note(run)
        if rated_figure.traces(run, _under(out, count, "rated", note)) is not None:
            out.paragraph(note, size=7.0, color=DIM)
    for title, head, rows, shares in tables:
        if rows:
            out.caption(count.table(title))
            out.table(head, rows, shares)
    if any(rows for _, _, rows, _ in tables):
        out.paragraph(rated.NOTE, size=7.0, color=DIM)


def _responses(out: Pages, hour: Hour, count: Captions) -> None:
    out.heading("Around marked moments", keep=2.0)
    drawn = figures.event_locked(hour.responses)
    if not drawn:
        out.paragraph(report_text.no_responses(hour))
        return
    out.paragraph(report_words.AROUND, size=7.0, color=DIM)
    for code, draw in drawn:
        out.room(2.3)
        out.paragraph(f"{spaced(code)} – {report_text.usable_events(hour.responses, code)}", size=8.0)
        draw(_under(out, count, "event", code=spaced(code)))
        for sentence in report_text.inferred(hour.responses, code):
            out.paragraph(sentence, size=7.0)
