"""Fixed texts of a cohort's report, and what terms and outcomes are called in it."""

from __future__ import annotations

import re

from processing.across.first_answers import LAG
from processing.report.names import CODES, readable, spaced

HOW_TO_READ = (
    "Every line of a table is one term of a model with its 95 % interval, or the reason why there is none. "
    "Intervals over dyads are wide where dyads are few: three dyads say little of others. p stands only "
    "where a null fits, and “adjusted” beside it is what counts among the tests of a model."
)
MAY = (
    "How a measured value went from session to session in each dyad, and on average, with how sure that is.",
    "How much of a value's variance lies between persons, between sessions and within them.",
    (
        "Whether sessions of two people went together more than hours of people who never met; a shared "
        "cause looks the same."
    ),
)
MAY_NOT = (
    "Which dyad, client or therapist is better: rows stand in the order of codes, never of values.",
    "What a person felt or meant, and anything about the quality of the work or of the relationship.",
    "A cause: what goes before need not bring about what comes after.",
    "Anything of people who are not like those here, or who left: see the table of what is missing.",
)
MODELS = {
    "M1": (
        "Stable and moving",
        (
            "How much of the variance lies between persons, between their sessions, and within sessions. "
            "ICC(1): share of persons in one session's value; ICC(k): in the mean of as many sessions as "
            "there are."
        ),
    ),
    "M2": (
        "The tolerated window over sessions",
        (
            "Where the edge by self-report lies, and how far it moves from one session to the next; of "
            "each client, and over dyads."
        ),
    ),
    "M3": (
        "Growth",
        (
            "How a value moves from one session to the next, of each dyad and on average; “bend”: per "
            "session², a course and no alarm."
        ),
    ),
    "M4": (
        "Coupling against pseudo-dyads",
        (
            "What coupling a session has beyond that of its two people with others, from the same minute "
            "on; who moved first where coupling was stated; by how many seconds (> 0: the client follows)."
        ),
    ),
    "M5": (
        "Answers and ways back",
        (
            "How soon excursions are answered, over therapists: each therapist's own times stand on that "
            "person's page and nowhere else. What goes with the way back to the band."
        ),
    ),
    "M6": (
        "Dose and timing",
        (
            "Minutes of supportive and change-oriented work, where the client's index stood when they "
            "began, and what followed marks beyond comparable moments without."
        ),
    ),
    "M7": (
        "Process and next outcome",
        (
            "What a session's process says of the next session's outcome beyond today's, within clients, "
            "and its level so far; and the reverse."
        ),
    ),
    "M8": (
        "Restlessness of series",
        (
            "Dynamic complexity: fluctuation × spread over the scale, in windows of seven sessions. It "
            "describes."
        ),
    ),
}
"""Model → its title, and what its table says."""
TERMS = {
    "share_person": "share of persons [%]",
    "share_session": "share of sessions [%]",
    "share_within": "share within sessions [%]",
    "icc_1": "ICC(1)",
    "icc_k": "ICC(k)",
    "edge": "edge, mid-way [SD]",
    "edge_sd": "edge, SD of dyads [SD]",
    "movement": "movement [SD a session]",
    "movement_sd": "movement, SD of dyads [SD a session]",
    "session": "per session",
    "session²": "bend, per session²",
    "real": "beyond pseudo-dyads [|atanh r|]",
    "lag": "lag [s]",
    "therapist_first": "therapist first",
    "client_first": "client first",
    "together": "both together",
    "no_clear_leader": "no clear leader",
    "not_stated": "coupling not stated",
    "median": "median time to an answer [s]",
    "frailty_sd": "SD of therapists (logarithm)",
    "steadiness": "steadiness of the therapist [ln odds per SD]",
    "depth": "depth so far [ln odds per SD]",
    "speaking": "own speech [ln odds]",
    "supportive": "supportive [min]",
    "change_oriented": "change-oriented [min]",
    "change_less_supportive": "change-oriented − supportive [min]",
    "in_band": "begun within the band [%]",
    "stretch": "begun in a stretch [%]",
    "out": "begun in an excursion [%]",
    "matched": "against comparable moments",
    "complexity_mean": "complexity, mean",
    "complexity_highest": "complexity, highest",
}
OUTCOMES = {
    "answer_latency": "answers to excursions",
    "return": "way back to the band",
    "dose_minutes": "work a session",
    "supportive_timing": "supportive work",
    "change_oriented_timing": "change-oriented work",
    "supportive_minutes": "minutes of supportive work",
    "change_oriented_minutes": "minutes of change-oriented work",
    "tolerated": "tolerated edges",
    "sync_hr": "coupling of heart rate",
    "sync_scl": "coupling of SC level",
    "sync_sclslope": "coupling of the slope of SC level",
}
QUALITY = (
    "Share of the values of each signal that passed their gates, session by session; empty: not recorded. "
    "Dark is little."
)
MISSING = (
    "Sessions in the store of each dyad, numbers between the first and the last that are not there, and "
    "for how many sessions a value of interest is missing. A dyad that ended early may have ended for what "
    "is measured here: models take what is missing to be told by what is there."
)
TRAJECTORIES = (
    "Time within the band, client solid and therapist dashed, with 95 % intervals of each session; one "
    "panel a dyad, in the order of codes."
)
EDGES = (
    "The upper edge by self-report of each session (points, with interval) and the one line through the "
    "labels of all sessions; shaded, how far its slope is known. No point: the labels of that session leave "
    "the edge open."
)
ICC = "ICC(1) with its 95 % interval: 0, all in the sessions; 1, all between persons."
SLOPES = (
    "Change per session: a line a dyad, in the order of codes; below, over dyads (diamond); 95 % intervals."
)
LAGS = (
    "Left: coupling of real sessions (points) among pseudo-dyads (shape). Right: lag where coupling was "
    "stated; > 0, the client follows; diamond, over dyads."
)
OWN = (
    "How soon excursions of your clients were answered, from when each was known (10 s after it began), "
    f"whatever ends unanswered taken out from there on. What began up to {LAG:g} s before an excursion "
    "counts as an answer to it, with a time below 0: so far back lies what the index shows. For nobody "
    "else: it is compared with nobody, and an excursion that was left alone may have been left alone well."
)
OWN_CURVE = (
    "Share answered by then, of excursions that lasted as long; shaded, 95 %. Where the curve passes the "
    "dotted line half of them had been answered."
)
OWN_MEDIAN = "half answered while they lasted, after"


def own_words(metric: str) -> str:
    """Return what a measure of a therapist's own page is called."""
    if metric == "answer_latency_median":
        return "half of all answered after, with those that ended by themselves"
    kind = metric.removeprefix("answered_").removesuffix("_60s_pct")
    return f"answered within 60 s, {'in any way' if kind == 'any' else spaced(kind)}"


def outcome_words(name: str) -> str:
    """Return what an outcome of a model is called."""
    base, times, moderator = name.partition(" × ")
    if found := re.fullmatch(r"sync_([a-z]+)_(lead|lag)", base):
        signal = OUTCOMES.get(f"sync_{found[1]}", found[1])
        return f"{signal}: {'who moved first' if found[2] == 'lead' else 'lag'}"
    if found := re.fullmatch(r"response_([a-z]+)_(\w+)", base):
        return readable(base)
    said = OUTCOMES.get(base) or CODES.get(base) or readable(base)
    return f"{said} × {spaced(moderator)}" if times else said


def of_whom(outcome: str, entity: str) -> str:
    """Return what an outcome is called, and which of the two people's it is."""
    said = outcome_words(outcome)
    return said if entity == "dyad" else f"{said}, {entity}"


def term_words(term: str) -> str:
    """Return what a term of a model is called."""
    if term in TERMS:
        return TERMS[term]
    for end, words in (("_within", "within clients"), ("_mean", "level so far")):
        if term.endswith(end):
            return f"{outcome_words(term.removesuffix(end))}, {words}"
    base, colon, moderator = term.partition(":")
    if colon:
        return f"{term_words(base)} × {spaced(moderator)}"
    return spaced(term)
