"""The tables of a cohort, column by column: the schema of the store and its data dictionary.

A row of every table but `participants`, `models` and `failures` begins with the same keys, so that any two
join by `dyad` and `session`. `entity` is a role (client, therapist, dyad), `person` the code of whoever is in
it. Times are seconds since the recording began. Missing is null in the store, nan or None in pandas.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from processing.cohort.schema import KEYS, Column, Kind, TableSchema, count, flag, number, text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["KEYS", "SIGNAL_RATE", "TABLES", "Column", "Kind", "TableSchema", "Tables", "data_dictionary"]
SIGNAL_RATE = 2.0
"""Faster signals are averaged to this rate [Hz]."""
WHOSE = (
    text("entity", "client, therapist or dyad"),
    text("person", "code of the person in that role; of the dyad its code"),
)
INTERVAL = (
    number("se", "as the value", "standard error: width of the 95 % interval / 3.92"),
    number("ci_low", "as the value", "lower end of the 95 % interval"),
    number("ci_high", "as the value", "upper end of the 95 % interval"),
)
SCALING = text("scaling", "what the arousal index is relative to: session, person or anchored")
OLD = text("old_baseline", "why what the index is relative to was old by then; empty if it was not")
REASON = text("reason", "why there is no value, or what stands beside it")
ON_OFF = (number("on", "s", "begin"), number("off", "s", "end"))

SESSIONS = TableSchema(
    name="sessions",
    text="one session whose recording was processed",
    own=(
        text("session_id", "id in the session file"),
        text("numbered_by", "number: as the recording says; start: its place by the time of its start"),
        number("seconds", "s", "length of the recording"),
        text("state", "state of the recording: closed, cut …"),
        flag("aligned", "times of the two people may be compared"),
        text("clock", "how the two people's clocks are related"),
        flag("sealed", "the recording is sealed; the store holds its results unsealed"),
        text("withdrawn", "role of whoever withdrew, whose rows and those of the dyad are not here"),
        text("remarks", "what of the recording could not be used; parted by line ends"),
        text("input", "SHA-256 of all that the results depend on in the recording"),
        text("version", "version of the software that computed them"),
        text("parameters", "hash of the parameters"),
    ),
)
METRICS_LONG = TableSchema(
    name="metrics_long",
    text="one session metric of a person or the dyad (docs/session_metrics.md)",
    own=(
        *WHOSE,
        text("metric", "name of the metric"),
        number("value", "column unit", "its value"),
        text("unit", "unit of the value"),
        count("n", "how many things it rests on, as its definition says"),
        number("valid_pct", "%", "share of the time that counted with a valid index"),
        *INTERVAL,
        SCALING,
        flag("exploratory", "described, never stated"),
        REASON,
    ),
)
EXCURSIONS = TableSchema(
    name="excursions",
    text="one excursion of a person from the band, or an approach to its edge",
    own=(
        *WHOSE,
        text("side", "above or below the band"),
        flag("crossed", "the edge was crossed; else an approach to it"),
        text("course", "how it went: stretch_returned, out_returned, out_open, repaired … (exploratory)"),
        *ON_OFF,
        number("peak", "SD", "index at its furthest"),
        number("depth", "SD", "how far past the edge"),
        number("area", "SD s", "area past the edge"),
        number("t50", "s", "from the peak until half way back to the median at rest"),
        flag("t50_censored", "a gap or the end cut the way back"),
        flag("censored", "a gap or the end cut the excursion"),
        text("answer", "first intervention that began once it was known (on + 10 s) and before it ended"),
        number("latency", "s", "of that, from when the excursion was known"),
        number("partner_z", "SD", "mean |z| of the other person's index in the 30 s before"),
        number("speaking", "", "share of it in which the person spoke"),
        OLD,
        SCALING,
    ),
)
INTERVENTIONS = TableSchema(
    name="interventions",
    text="one intervention beside one person's index; each stands here for both people",
    own=(
        *WHOSE,
        text("code", "int_support, int_regulate …"),
        text("actor", "who gave it"),
        *ON_OFF,
        number("minutes", "min", "its length: the dose"),
        flag("censored", "its end was not marked"),
        number("arousal", "SD", "index of the person at its onset"),
        number("slope", "SD/min", "slope of the index over the 30 s before"),
        number("excursion", "s", "begin of the person's excursion in which it was given; null outside any"),
        number("t50_after", "s", "of one in an excursion: from its onset until half way back"),
        flag("t50_censored", "a gap or the end came first"),
        OLD,
        SCALING,
    ),
)
WAYS_BACK = TableSchema(
    name="ways_back",
    text="five seconds of an excursion, from when it was known on: what the way back is modelled from",
    own=(
        *WHOSE,
        number("excursion", "s", "when the excursion began"),
        number("since", "s", "begin of these five seconds since then"),
        number("steadiness", "SD", "−mean |z| of the other person's index in the 30 s before"),
        number("depth", "SD", "how far past the edge the index had been up to then"),
        number("speaking", "", "share of the last 5 s in which the person spoke"),
        flag("returned", "the excursion ended in these five seconds"),
        OLD,
        SCALING,
    ),
)
LABELS = TableSchema(
    name="labels",
    text="one self-report of a moment: felt_ok, felt_over, felt_under, or a rating such as safety_now",
    own=(
        *WHOSE,
        number("time", "s", "when"),
        text("code", "code of the event"),
        text("source", "how it was given"),
        number("value", "", "the rating; null of a label"),
        number("arousal", "SD", "mean index of the 10 s up to a label; null of a rating"),
        number("confidence", "", "0 to 10, as it was given with a label"),
        OLD,
        SCALING,
    ),
)
RESPONSES = TableSchema(
    name="responses",
    text="the response of one index of a person to the marks of one code in a session",
    own=(
        *WHOSE,
        text("code", "code of the marks"),
        text("signal", "index: arousal, hr, scl and the vagal index"),
        text("unit", "unit of change and value"),
        number("change", "column unit", "raw change around the marks, regression to the mean and all"),
        count("n_events", "marks in the raw change"),
        number("value", "column unit", "difference from matched moments that were not marked"),
        *INTERVAL,
        count("n", "marks that were compared"),
        number("p", "", "two-sided, of this test alone"),
        number("p_fdr", "", "adjusted over the tests of the session (Benjamini-Hochberg)"),
        count("n_tests", "how many these are"),
        SCALING,
        REASON,
    ),
)
INSTRUMENTS = TableSchema(
    name="instruments",
    text="one scale of a self-report instrument that a person filled in",
    own=(
        *WHOSE,
        text("instrument", "name of the instrument"),
        text("when", "before or after the hour"),
        text("scale", "name of the scale"),
        number("value", "", "by the instrument's own key"),
        flag("validated", "the instrument was validated"),
        REASON,
    ),
)
OUTCOMES = TableSchema(
    name="outcomes",
    text="one outcome of a session, from the file given with --outcomes",
    own=(
        *WHOSE,
        text("outcome", "name of its column"),
        number("value", "", "as it stands there"),
    ),
)
COVARIATES = TableSchema(
    name="covariates",
    text="one covariate of a person, or of the session and the dyad, as that session says it",
    own=(
        *WHOSE,
        text("covariate", "its name in study.toml"),
        text("level", "its level, or the number as a text"),
        number("value", "as declared", "the number; null of a level"),
    ),
)
QUALITY = TableSchema(
    name="quality",
    text="one index of a person or the dyad in a session",
    own=(
        *WHOSE,
        text("signal", "name of the index"),
        count("rows", "values that could have been"),
        number("valid_pct", "%", "share of them that passed their gates"),
    ),
)
SIGNALS = TableSchema(
    name="signals",
    text="one signal of both people over the hour, on a common grid: what coupling is made of",
    own=(
        text("signal", "hr, scl, sclslope, the vagal index …"),
        number("sfreq", "Hz", "rate of the grid"),
        number("begin", "s", "time of the first value"),
        Column("client_values", "floats", "of the signal", "the client's; nan where not valid or a baseline"),
        Column("therapist_values", "floats", "of the signal", "the therapist's, as long"),
        Column(
            "client_speaks", "floats", "", "share of the time the client speaks, 0 to 1; nan if not known"
        ),
        Column("therapist_speaks", "floats", "", "the same of the therapist"),
    ),
)
PARTICIPANTS = TableSchema(
    name="participants",
    text="one person; further columns are the covariates that study.toml or --participants declare",
    own=(
        text("person", "code"),
        text("role", "client or therapist"),
        text("dyads", "codes of the dyads the person is in, parted by blanks"),
        count("sessions", "sessions of the person in the store"),
    ),
    by_session=False,
    open=True,
)
MODELS = TableSchema(
    name="models",
    text="one term of a model, or the reason why a model was not fitted",
    own=(
        text("model", "M1 … M8"),
        text("outcome", "metric, label or outcome that is modelled"),
        text("entity", "client, therapist, dyad, or the code of one person or dyad"),
        text("term", "term of the model, share of variance, contrast …"),
        number("estimate", "as the outcome", "estimate of the term"),
        number("se", "as the estimate", "standard error; null where the interval is of another kind"),
        *INTERVAL[1:],
        number("p", "", "two-sided; null where no null fits"),
        number("p_fdr", "", "adjusted over the tests of the model (Benjamini-Hochberg)"),
        count("n_persons", "persons it rests on"),
        count("n_dyads", "dyads it rests on"),
        count("n_sessions", "sessions it rests on"),
        flag("converged", "the fit converged; null where nothing was fitted"),
        flag("exploratory", "described, never stated"),
        REASON,
        text("formula", "the model as a formula"),
        text("role", "whose values they are: client, therapist or dyad"),
    ),
    by_session=False,
)
FAILURES = TableSchema(
    name="failures",
    text="one recording of which nothing is in the store",
    own=(
        text("recording", "name of its directory"),
        text("path", "where it lies"),
        text("reason", "what went wrong, and what helps"),
    ),
    by_session=False,
)
TABLES: Mapping[str, TableSchema] = {
    table.name: table
    for table in (
        SESSIONS, METRICS_LONG, EXCURSIONS, WAYS_BACK, INTERVENTIONS, LABELS, RESPONSES, INSTRUMENTS,
        OUTCOMES, COVARIATES, QUALITY, SIGNALS, PARTICIPANTS, MODELS, FAILURES,
    )
}  # fmt: skip
"""Name of a view of the store → its columns."""

Tables = Mapping[str, "pd.DataFrame"]
"""What models and the report take: name of a table → its rows, all columns of its schema in their order.

Text columns hold str ("" where nothing is said), `int` ones numpy int64 or pandas Int64, `floats` one float32
array a row. A store reads each table when it is first asked for.
"""


def data_dictionary(more: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the data dictionary: table → what a row is, and its columns with type, unit and text.

    Parameters
    ----------
    more : dict
        Covariate → what it is: further columns of `participants`.
    """
    out: dict[str, Any] = {}
    for table in TABLES.values():
        columns: dict[str, Any] = {
            c.name: {"type": c.kind, "unit": c.unit, "text": c.text} for c in table.columns
        }
        if table.open:
            columns |= {name: {"type": "", "unit": "", "text": text} for name, text in (more or {}).items()}
        out[table.name] = {"row": table.text, "columns": columns}
    return out
