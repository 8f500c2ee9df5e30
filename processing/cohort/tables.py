"""The tables of a cohort, column by column: the schema of the store and its data dictionary.

A row of every table but `participants`, `models` and `failures` begins with the same keys, so that any two
join by `dyad` and `session`. `entity` is a role (client, therapist, dyad), `person` the code of whoever is in
it. Times are seconds since the recording began. Missing is null in the store, nan or None in pandas.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Kind = Literal["str", "float", "int", "bool", "floats"]
"""`floats` is a list of single-precision numbers in one cell: a signal."""
SIGNAL_RATE = 2.0
"""Faster signals are averaged to this rate [Hz]."""


@dataclass(frozen=True, slots=True)
class Column:
    """Describe a column: its unit ("" without one) and what it holds."""

    name: str
    kind: Kind
    unit: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSchema:
    """Describe a table.

    Parameters
    ----------
    text : str
        What one row is.
    own : tuple of Column
        The columns beside the keys.
    by_session : bool
        It begins with the keys and lies in the store session by session.
    open : bool
        It may have further columns, which the cohort's own files declare.
    """

    name: str
    text: str
    own: tuple[Column, ...]
    by_session: bool = True
    open: bool = False

    @property
    def columns(self) -> tuple[Column, ...]:
        """Return all columns in order."""
        return (*KEYS, *self.own) if self.by_session else self.own

    def schema(self, more: Mapping[str, Kind] | None = None) -> pa.Schema:
        """Return the Arrow schema; `more` are the further columns of an open table."""
        import pyarrow as pa

        kinds = {
            "str": pa.string(),
            "float": pa.float64(),
            "int": pa.int64(),
            "bool": pa.bool_(),
            "floats": pa.list_(pa.float32()),
        }
        named: list[tuple[str, Kind]] = [(c.name, c.kind) for c in self.columns]
        return pa.schema([(name, kinds[kind]) for name, kind in (*named, *(more or {}).items())])


def _text(name: str, text: str) -> Column:
    return Column(name, "str", "", text)


def _number(name: str, unit: str, text: str) -> Column:
    return Column(name, "float", unit, text)


def _count(name: str, text: str) -> Column:
    return Column(name, "int", "", text)


def _flag(name: str, text: str) -> Column:
    return Column(name, "bool", "", text)


KEYS = (
    _text("dyad", "code of the dyad"),
    _count("session", "number of the session within the dyad"),
    _text("recording", "name of the recording's directory"),
    _text("client", "code of the client"),
    _text("therapist", "code of the therapist"),
    _text("started", "wall time of the start (ISO 8601, with its time zone where it is known)"),
    _text("setting", "room or remote"),
    _text("corrected", "code of whoever corrected beats or signals by hand; empty if nobody did"),
)
WHOSE = (
    _text("entity", "client, therapist or dyad"),
    _text("person", "code of the person in that role; of the dyad its code"),
)
INTERVAL = (
    _number("se", "as the value", "standard error: width of the 95 % interval / 3.92"),
    _number("ci_low", "as the value", "lower end of the 95 % interval"),
    _number("ci_high", "as the value", "upper end of the 95 % interval"),
)
SCALING = _text("scaling", "what the arousal index is relative to: session, person or anchored")
REASON = _text("reason", "why there is no value, or what stands beside it")
ON_OFF = (_number("on", "s", "begin"), _number("off", "s", "end"))

SESSIONS = TableSchema(
    name="sessions",
    text="one session whose recording was processed",
    own=(
        _text("session_id", "id in the session file"),
        _text("numbered_by", "number: as the recording says; start: its place by the time of its start"),
        _number("seconds", "s", "length of the recording"),
        _text("state", "state of the recording: closed, cut …"),
        _flag("aligned", "times of the two people may be compared"),
        _text("clock", "how the two people's clocks are related"),
        _flag("sealed", "the recording is sealed; the store holds its results unsealed"),
        _text("withdrawn", "role of whoever withdrew, whose rows and those of the dyad are not here"),
        _text("remarks", "what of the recording could not be used; parted by line ends"),
        _text("input", "SHA-256 of all that the results depend on in the recording"),
        _text("version", "version of the software that computed them"),
        _text("parameters", "hash of the parameters"),
    ),
)
METRICS_LONG = TableSchema(
    name="metrics_long",
    text="one session metric of a person or the dyad (docs/session_metrics.md)",
    own=(
        *WHOSE,
        _text("metric", "name of the metric"),
        _number("value", "column unit", "its value"),
        _text("unit", "unit of the value"),
        _count("n", "how many things it rests on, as its definition says"),
        _number("valid_pct", "%", "share of the time that counted with a valid index"),
        *INTERVAL,
        SCALING,
        _flag("exploratory", "described, never stated"),
        REASON,
    ),
)
EXCURSIONS = TableSchema(
    name="excursions",
    text="one excursion of a person from the band, or an approach to its edge",
    own=(
        *WHOSE,
        _text("side", "above or below the band"),
        _flag("crossed", "the edge was crossed; else an approach to it"),
        _text("course", "how it went: stretch_returned, out_returned, out_open, repaired … (exploratory)"),
        *ON_OFF,
        _number("peak", "SD", "index at its furthest"),
        _number("depth", "SD", "how far past the edge"),
        _number("area", "SD s", "area past the edge"),
        _number("t50", "s", "from the peak until half way back to the median at rest"),
        _flag("t50_censored", "a gap or the end cut the way back"),
        _flag("censored", "a gap or the end cut the excursion"),
        _text("answer", "first intervention that began once it was known (on + 10 s) and before it ended"),
        _number("latency", "s", "of that, from when the excursion was known"),
        _number("partner_z", "SD", "mean |z| of the other person's index in the 30 s before"),
        _number("speaking", "", "share of it in which the person spoke"),
        SCALING,
    ),
)
INTERVENTIONS = TableSchema(
    name="interventions",
    text="one intervention beside one person's index; each stands here for both people",
    own=(
        *WHOSE,
        _text("code", "int_support, int_regulate …"),
        _text("actor", "who gave it"),
        *ON_OFF,
        _number("minutes", "min", "its length: the dose"),
        _flag("censored", "its end was not marked"),
        _number("arousal", "SD", "index of the person at its onset"),
        _number("slope", "SD/min", "slope of the index over the 30 s before"),
        _number("excursion", "s", "begin of the person's excursion in which it was given; null outside any"),
        _number("t50_after", "s", "of one in an excursion: from its onset until half way back"),
        _flag("t50_censored", "a gap or the end came first"),
        SCALING,
    ),
)
LABELS = TableSchema(
    name="labels",
    text="one self-report of a moment: felt_ok, felt_over, felt_under, or a rating such as safety_now",
    own=(
        *WHOSE,
        _number("time", "s", "when"),
        _text("code", "code of the event"),
        _text("source", "how it was given"),
        _number("value", "", "the rating; null of a label"),
        _number("arousal", "SD", "mean index of the 10 s up to a label; null of a rating"),
        _number("confidence", "", "0 to 10, as it was given with a label"),
        SCALING,
    ),
)
RESPONSES = TableSchema(
    name="responses",
    text="the response of one index of a person to the marks of one code in a session",
    own=(
        *WHOSE,
        _text("code", "code of the marks"),
        _text("signal", "index: arousal, hr, scl, lnrmssd"),
        _text("unit", "unit of change and value"),
        _number("change", "column unit", "raw change around the marks, regression to the mean and all"),
        _count("n_events", "marks in the raw change"),
        _number("value", "column unit", "difference from matched moments that were not marked"),
        *INTERVAL,
        _count("n", "marks that were compared"),
        _number("p", "", "two-sided, of this test alone"),
        _number("p_fdr", "", "adjusted over the tests of the session (Benjamini-Hochberg)"),
        _count("n_tests", "how many these are"),
        SCALING,
        REASON,
    ),
)
INSTRUMENTS = TableSchema(
    name="instruments",
    text="one scale of a self-report instrument that a person filled in",
    own=(
        *WHOSE,
        _text("instrument", "name of the instrument"),
        _text("when", "before or after the hour"),
        _text("scale", "name of the scale"),
        _number("value", "", "by the instrument's own key"),
        _flag("validated", "the instrument was validated"),
        REASON,
    ),
)
OUTCOMES = TableSchema(
    name="outcomes",
    text="one outcome of a session, from the file given with --outcomes",
    own=(
        *WHOSE,
        _text("outcome", "name of its column"),
        _number("value", "", "as it stands there"),
    ),
)
QUALITY = TableSchema(
    name="quality",
    text="one index of a person or the dyad in a session",
    own=(
        *WHOSE,
        _text("signal", "name of the index"),
        _count("rows", "values that could have been"),
        _number("valid_pct", "%", "share of them that passed their gates"),
    ),
)
SIGNALS = TableSchema(
    name="signals",
    text="one signal of both people over the hour, on a common grid: what coupling is made of",
    own=(
        _text("signal", "hr, scl, sclslope, lnrmssd …"),
        _number("sfreq", "Hz", "rate of the grid"),
        _number("begin", "s", "time of the first value"),
        Column("client_values", "floats", "of the signal", "the client's; nan where not valid or a baseline"),
        Column("therapist_values", "floats", "of the signal", "the therapist's, as long"),
        Column("client_speaks", "floats", "", "1 where the client speaks, 0 where not, nan if not known"),
        Column("therapist_speaks", "floats", "", "the same of the therapist"),
    ),
)
PARTICIPANTS = TableSchema(
    name="participants",
    text="one person; further columns are the covariates that study.toml or --participants declare",
    own=(
        _text("person", "code"),
        _text("role", "client or therapist"),
        _text("dyads", "codes of the dyads the person is in, parted by blanks"),
        _count("sessions", "sessions of the person in the store"),
    ),
    by_session=False,
    open=True,
)
MODELS = TableSchema(
    name="models",
    text="one term of a model, or the reason why a model was not fitted",
    own=(
        _text("model", "M1 … M8"),
        _text("outcome", "metric, label or outcome that is modelled"),
        _text("entity", "client, therapist, dyad, or the code of one person or dyad"),
        _text("term", "term of the model, share of variance, contrast …"),
        _number("estimate", "as the outcome", "estimate of the term"),
        *INTERVAL,
        _number("p", "", "two-sided; null where no null fits"),
        _count("n_persons", "persons it rests on"),
        _count("n_dyads", "dyads it rests on"),
        _count("n_sessions", "sessions it rests on"),
        _flag("converged", "the fit converged; null where nothing was fitted"),
        REASON,
        _text("formula", "the model as a formula"),
    ),
    by_session=False,
)
FAILURES = TableSchema(
    name="failures",
    text="one recording of which nothing is in the store",
    own=(
        _text("recording", "name of its directory"),
        _text("path", "where it lies"),
        _text("reason", "what went wrong, and what helps"),
    ),
    by_session=False,
)
TABLES: Mapping[str, TableSchema] = {
    table.name: table
    for table in (
        SESSIONS, METRICS_LONG, EXCURSIONS, INTERVENTIONS, LABELS, RESPONSES, INSTRUMENTS, OUTCOMES, QUALITY,
        SIGNALS, PARTICIPANTS, MODELS, FAILURES,
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
