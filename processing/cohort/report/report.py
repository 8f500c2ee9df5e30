"""The report of a cohort as HTML and PDF: what is missing first, then courses, then models.

Given the same store it is the same file, byte by byte.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from acquisition.errors import ResultsError
from acquisition.text import how_many
from processing.cohort.models.coupling import tested_signals
from processing.cohort.models.pairs import pairs
from processing.cohort.models.returning import Latency, answered, own_page
from processing.cohort.report import content, figures, words
from processing.cohort.report.pdf import write_pdf
from processing.cohort.report.whole import OWN_HEAD, Drawn, Report, versions
from processing.hour.measure import Measure
from processing.hour.shelter import Shelter
from processing.report.figures import own_figure
from processing.report.report import STYLE, as_svg, write_whole
from processing.report.text import number
from processing.results.session_run import NOTICE

if TYPE_CHECKING:
    import pandas as pd

    from processing.cohort.tables import Tables


def write_report(
    tables: Tables,
    out: Path,
    *,
    pdf: bool = True,
    therapist: str = "",
    compared: pd.DataFrame | None = None,
) -> list[Path]:
    """Write the report of a store; for one therapist their own page alone.

    Parameters
    ----------
    tables : mapping
        The tables of a store, `models` among them.
    out : Path
        A directory, made if need be: cohort.html and cohort.pdf, or own_page_CODE.html and .pdf.
    therapist : str
        Code of a therapist: how soon their clients' excursions were answered, and nothing else.
    compared : DataFrame
        What `pairs` returned, if it was computed already.

    Raises
    ------
    ResultsError
        If no session is of that therapist.
    """
    with mpl.rc_context(STYLE):
        report = own_report(tables, therapist) if therapist else cohort_report(tables, compared)
        name = f"own_page_{therapist}" if therapist else "cohort"
        written = [out / f"{name}.html"]
        write_whole(written[0], html(report).encode("utf-8"))
        if pdf:
            written.append(out / f"{name}.pdf")
            write_pdf(report, written[1])
    return written


def cohort_report(tables: Tables, compared: pd.DataFrame | None = None) -> Report:
    """Return what is said of a cohort."""
    models = tables["models"]
    n, dyads = len(tables["sessions"]), tables["sessions"]["dyad"].nunique()
    found = pairs(tables, tested_signals()) if compared is None else compared
    return Report(
        title=f"Cohort: {how_many(n, 'session')} of {how_many(dyads, 'dyad')}",
        facts=content.facts(tables, models),
        sections=_sections(tables, models, found),
        missing=content.missing(tables),
        failures=content.failures(tables),
        parts=content.parts(models),
        own_rows=[],
    )


def _sections(tables: Tables, models: pd.DataFrame, compared: pd.DataFrame) -> list[tuple[str, list[Drawn]]]:
    p = functools.partial
    forests = [
        Drawn(
            draw=p(figures.slopes, models, outcome, entity),
            caption=f"{_first(words.of_whom(outcome, entity))}. {words.SLOPES}",
        )
        for outcome, entity in figures.outcomes_with_slopes(models)
    ]
    coupled = [
        Drawn(
            draw=p(figures.coupling, models, compared, s),
            caption=f"{_first(words.outcome_words(f'sync_{s}'))}. {words.LAGS}",
        )
        for s in tested_signals()
    ]
    return [
        ("Quality", [Drawn(draw=p(figures.quality, tables), caption=words.QUALITY)]),
        ("Courses of dyads", [Drawn(draw=p(figures.trajectories, tables), caption=words.TRAJECTORIES)]),
        ("Edge over sessions", [Drawn(draw=p(figures.edges, tables, models), caption=words.EDGES)]),
        ("Stable and moving", [Drawn(draw=p(figures.shares, models), caption=words.ICC)]),
        ("Change per session", forests),
        ("Coupling and lag", coupled),
    ]


def _first(text: str) -> str:
    """Return a text that begins with a capital."""
    return text[:1].upper() + text[1:]


def own_report(tables: Tables, therapist: str) -> Report:
    """Return one therapist's own page.

    Raises
    ------
    ResultsError
        If no session is of that therapist.
    """
    known = sorted(set(tables["sessions"]["therapist"]))
    if therapist not in known:
        raise ResultsError(f"no session of a therapist {therapist} here (there are: {', '.join(known)})")
    shares, each, whole = own_page(tables, therapist)
    rows = answered(tables)
    rows = rows[rows["therapist"] == therapist]
    seconds, status = rows["seconds"].to_numpy(float), rows["status"].to_numpy(np.int64)
    lines = [_share(m) for m in shares] + [_median(one, therapist) for one in (whole, *each)]
    draw = functools.partial(figures.answers, seconds, status)
    mine = tables["sessions"][tables["sessions"]["therapist"] == therapist]
    return Report(
        title=f"Answers to excursions: {therapist}",
        facts=[("sessions", str(len(mine))), ("dyads", str(mine["dyad"].nunique()))],
        sections=[("Your own page", [Drawn(draw=draw, caption=words.OWN_CURVE)])],
        missing=[],
        failures=[],
        parts=[],
        own_rows=lines,
        therapist=therapist,
    )


def _share(m: Measure) -> list[str]:
    return [
        words.own_words(m.metric),
        number(m.value, m.unit),
        _ends(m.ci_low, m.ci_high),
        str(m.n),
        m.reason,
    ]


def _median(one: Latency, therapist: str) -> list[str]:
    of = "all" if one.therapist == therapist else one.therapist
    ends = _ends(one.low, one.high)
    return [
        f"{words.OWN_MEDIAN}, {of}",
        number(one.median, "s"),
        ends,
        str(one.n),
        f"{one.answered} answered",
    ]


def _ends(low: float, high: float) -> str:
    """Return an interval in words; that of a median may have no upper end."""
    if not np.isfinite(low):
        return "–"
    return f"{number(low)} … {number(high)}" if np.isfinite(high) else f"from {number(low)}"


def html(report: Report) -> str:
    """Return the report as one HTML text that needs nothing else."""
    loader = ChoiceLoader(
        [
            PackageLoader("processing.cohort.report", "templates"),
            PackageLoader("processing.report", "templates"),
        ]
    )
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    shelter = Shelter()

    def svgs(drawn: list[Drawn]) -> list[Any]:
        made = [(shelter.tried("a figure", functools.partial(_svg, d), None), d.caption) for d in drawn]
        return [(svg, caption) for svg, caption in made if svg is not None]

    sections = [(title, svgs(drawn)) for title, drawn in report.sections]
    own = {
        "therapist": report.therapist,
        "figures": [f for _, drawn in sections for f in drawn],
        "head": OWN_HEAD,
        "rows": report.own_rows,
    }
    return environment.get_template("cohort.html.j2").render(
        title=report.title,
        facts=report.facts,
        notice=NOTICE,
        words=words,
        own=own if report.therapist else None,
        missing_head=content.MISSING,
        missing=report.missing,
        failures=report.failures,
        remarks=[f"not in this report: {fault}" for fault in shelter.faults],
        drawn=sections,
        parts=report.parts,
        head=content.HEAD,
        versions=versions(),
    )


def _svg(drawn: Drawn) -> Any:
    return as_svg(drawn.draw(own_figure), drawn.caption)
