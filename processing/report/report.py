"""The session report: one self-contained HTML file, and a PDF for printing.

Quality comes first, then a page for the therapist, then figures and tables, then methods. Given the same
recording it is the same file, byte by byte.
"""

from __future__ import annotations

import functools
import io
import json
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import matplotlib as mpl
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure, FigureBase

from processing.hour.measure import Measure
from processing.hour.shelter import Shelter
from processing.metrics.self_report import as_rows
from processing.metrics.session_metrics import PEOPLE, Hour
from processing.metrics.turns import JOINT, PERSONAL
from processing.report import by_hand, captions, figures, heading, phase_table, rated, rated_figure, rr_series
from processing.report import quality as report_quality
from processing.report import text as report_text
from processing.report import words as report_words
from processing.report.methods import methods, recorded_people, whose
from processing.report.names import WHOSE, readable, spaced
from processing.results.session_run import NOTICE, SessionRun

T = TypeVar("T")

STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "attunement",
    "font.family": ["DejaVu Sans"],
    "font.size": 8.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "hatch.linewidth": 0.6,
    "path.simplify": True,
    "pdf.fonttype": 42,
}


def report_html(run: SessionRun, hour: Hour, *, rr: bool = False) -> str:
    """Return the report as one HTML text that needs nothing else; `rr`: with RR series and spectra."""
    loader = PackageLoader("processing.report", "templates")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    with mpl.rc_context(STYLE):
        return environment.get_template("report.html.j2").render(_content(run, hour, rr))


def _content(run: SessionRun, hour: Hour, rr: bool) -> dict[str, Any]:
    line = hour.line
    session = run.recording.session
    shelter = Shelter()

    def drawn(what: str, draw: Callable[[], FigureBase | None], name: str, **of: str) -> Markup | None:
        says = captions.alternative(name, **of)
        return shelter.tried(f"figure of {what}", lambda: as_svg(draw(), says), None)

    def listed(what: str, make: Callable[[], Sequence[T]]) -> Sequence[T]:
        none: Sequence[T] = []
        return shelter.tried(what, make, none)

    no_page: dict[str, list[str]] = {}
    responses = [
        (
            spaced(code),
            report_text.usable_events(hour.responses, code),
            report_text.inferred(hour.responses, code),
            drawn(code, functools.partial(draw, figures.own_figure), "event", code=spaced(code)),
        )
        for code, draw in listed("figures around events", lambda: figures.event_locked(hour.responses))
    ]
    wanted = listed("RR series", lambda: rr_series.series(run, hour)) if rr else ()
    parts = {
        "rr": [
            (who, drawn(who, functools.partial(draw, figures.own_figure), "rr", code=who))
            for who, draw in wanted
        ],
        "facts": listed("head", lambda: heading.facts(run)),
        "phases": shelter.tried("table of phases", lambda: phase_table.phase_table(run, hour), None),
        "by_hand": listed("what was corrected", lambda: by_hand.printed(by_hand.rows(run, hour))),
        "quality": listed("quality", lambda: report_quality.quality(run, hour)),
        "notices": listed("notices", lambda: report_quality.notices(run)),
        "overview": drawn("the hour", lambda: figures.overview(hour), "overview"),
        "page": shelter.tried("the hour on a page", lambda: report_text.on_a_page(hour), no_page),
        "may": listed("what may be concluded", lambda: report_text.may(hour)),
        "indices": drawn("the signals", lambda: figures.indices(line), "indices"),
        "two_axes": drawn("the two axes", lambda: figures.two_axes(line), "two_axes"),
        "synchrony": drawn("synchrony", lambda: figures.synchrony(run.samples, line), "synchrony"),
        "turns": listed("turn-taking", lambda: turns(hour)),
        "traces": drawn("ratings", lambda: rated_figure.traces(run), "rated"),
        "about_traces": shelter.tried("ratings", lambda: rated_figure.note(run), ""),
        "raters": listed("ratings", lambda: rated.between(run)),
        "rated": listed("ratings", lambda: rated.against(run)),
        "no_turns": report_text.no_turns(hour),
        "responses": responses,
        "no_responses": report_text.no_responses(hour),
        "noted": listed("what was noted", lambda: as_rows(session, run.filled)),
        "tables": {
            e: listed(f"table of {e}", functools.partial(report_text.table, m))
            for e, m in tables(hour).items()
        },
    }
    return parts | {
        "session": run.id,
        "captions": captions.Captions(whose(run), report_text.signals_in_words(figures.drawn_of(line))),
        "whose_signals": whose(run),
        "of_quality": captions.QUALITY,
        "of_phases": phase_table.TITLE,
        "no_phases": phase_table.NONE,
        "about_phases": phase_table.note(run.config),
        "of_by_hand": by_hand.TITLE,
        "by_hand_head": by_hand.HEAD,
        "about_by_hand": by_hand.NOTE,
        "of_raters": rated.TITLE,
        "raters_head": rated.HEAD,
        "of_rated": rated.AGAINST,
        "rated_head": rated.AGAINST_HEAD,
        "about_rated": rated.NOTE,
        "state": run.recording.state,
        "scaling": ", ".join(sorted({a.scaling for a in run.pipeline.arousal.values()})),
        "notice": NOTICE,
        "remarks": [*run.remarks, *(f"not in this report: {fault}" for fault in shelter.faults)],
        "text": report_words,
        "about_rr": rr_series.NOTE,
        "whose": WHOSE,
        "about_signals": report_text.about_signals(
            figures.drawn_of(line), run.config, both=len(recorded_people(run)) == 2
        ),
        "about_two_axes": report_text.about_two_axes(),
        "may_not": report_words.MAY_NOT,
        "methods": methods(run, hour, version("attunement")),
        "references": report_words.REFERENCES,
        "versions": f"attunement {version('attunement')}, parameters {run.config.digest()}, "
        f"numpy {version('numpy')}, MNE {version('mne')}, matplotlib {version('matplotlib')}",
        "parameters": json.dumps(run.config.parameters(), ensure_ascii=False),
    }


def tables(hour: Hour) -> dict[str, Sequence[Measure]]:
    """Return the measures of each person and the dyad, in that order."""
    return {e: hour.measures[e] for e in (*PEOPLE, "dyad") if hour.measures.get(e)}


def turns(hour: Hour) -> list[tuple[str, str]]:
    """Return who spoke for how long and how the floor changed; empty without voice."""
    names = [(e, d.name) for e in PEOPLE for d in PERSONAL] + [("dyad", d.name) for d in JOINT]
    found = [(e, n, hour.value(e, n)) for e, n in names]
    return [
        (f"{WHOSE[e]}: {readable(n)}", report_text.number(m.value, m.unit))
        for e, n, m in found
        if m is not None and m.value == m.value
    ]


def as_svg(figure: FigureBase | None, says: str) -> Markup | None:
    """Return a figure as part of an HTML page, and what it shows in words for those who do not see it."""
    if figure is None:
        return None
    file = io.StringIO()
    assert isinstance(figure, Figure)
    figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    text = file.getvalue()
    # The XML prologue has no place inside HTML; texts in the drawing are escaped by matplotlib.
    start = text.index("<svg") + len("<svg")
    return Markup('<svg role="img" aria-label="{}"').format(says) + Markup(text[start:])


def write_report(run: SessionRun, hour: Hour, out: Path, *, rr: bool = False) -> None:
    """Write the HTML report, all or nothing."""
    write_whole(out, report_html(run, hour, rr=rr).encode("utf-8"))


def write_whole(out: Path, content: bytes) -> None:
    """Write a file, all or nothing."""
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = out.with_name(f".{out.name}.part")
    fresh.write_bytes(content)
    fresh.replace(out)
