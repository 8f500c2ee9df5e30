"""What session metrics are called in the report: words for people, beside the names for programs."""

from __future__ import annotations

import re
from collections.abc import Iterable

from processing.indices import INDICES, SIGNALS, VAGAL

_INDEX = INDICES[VAGAL].title
OWN = {
    "time_in_pct": "time within the band",
    "time_above_pct": "time above the band",
    "time_below_pct": "time below the band",
    "valid_minutes": "valid time of the hour",
    "time_in_speaking_pct": "time within the band, speaking",
    "time_in_listening_pct": "time within the band, listening",
    "excursions_count": "excursions",
    "excursions_above_count": "excursions above",
    "excursions_below_count": "excursions below",
    "excursions_censored_count": "excursions cut by a gap or the end",
    "excursions_rate": "excursions per hour",
    "excursion_depth_mean": "depth of excursions, mean",
    "excursion_duration_mean": "length of excursions, mean",
    "excursion_area_mean": "area of excursions, mean",
    "recovery_t50": "half recovery (T50)",
    "recovery_t50_censored_count": "recoveries cut short",
    "joint_time_in_pct": "both within their bands",
    "co_excursion_jaccard": "excursions together (Jaccard)",
    "co_excursion_lift": "excursions together (lift)",
    "co_excursion_p": "excursions together, p",
    "arousal_p5": "arousal index, 5th percentile",
    "arousal_p50": "arousal index, median of valid time",
    "arousal_p95": "arousal index, 95th percentile",
    "arousal_entropy": "arousal index, entropy",
    "arousal_oscillation_p": "slow oscillation, p",
    "arousal_oscillation_ratio": "slow oscillation, peak over AR(1)",
    "arousal_oscillation_period": "slow oscillation, period",
    "stretch_minutes": "past half way to an edge",
    "alternations_rate": "turns back without an excursion, per hour",
    "stretch_tolerated_minutes": "above the band up to the tolerated edge",
    "tolerated_upper": "tolerated edge above, by self-report",
    "tolerated_lower": "tolerated edge below, by self-report",
    "tolerated_width": "tolerated width, by self-report",
    "lnrmssd_rest": f"{_INDEX} at rest",
    "lnrmssd_reactivity": f"{_INDEX} in the hour, minus rest",
    "lnrmssd_recovery": f"{_INDEX} at the end, minus rest",
    "lnrmssd_speaking": f"{_INDEX}, speaking",
    "lnrmssd_listening": f"{_INDEX}, listening",
    "talk_share": "share of own talk",
    "turn_length": "length of own turns, median",
    "turn_length_iqr": "length of own turns, interquartile range",
    "response_latency": "latency of own turns, median",
    "response_latency_iqr": "latency of own turns, interquartile range",
    "interruption_rate": "interruptions per minute of the other's talk",
    "overlap_share": "share of overlapping talk",
    "silence_share": "share of silence",
    "intensity_similarity": "likeness of loudness of adjacent turns",
    "vocal_coupling": "pitch of adjacent turns, correlation",
    "vocal_coupling_percentile": "pitch of adjacent turns, percentile among unrelated voices",
    "day_offset_hr": "heart rate at rest, against own earlier rests",
    "day_offset_scl": "SCL at rest, against own earlier rests",
    "safety_body_less_judged": "own rating of the body minus that on reflection",
}
AFTER = {
    "": "{signal} after {code}",
    "_matched": "{signal} after {code}, against comparable moments",
    "_p": "the same, p of this test alone ({signal}, {code})",
    "_p_fdr": "the same, p adjusted ({signal}, {code})",
}
COUPLING = {
    "z": "mean |z| over lags",
    "es_perm": "effect against permuted segments",
    "mean_p": "p of the mean |z| (describes)",
    "p": "p of the largest |mean z|",
    "p_holm": "p adjusted (Holm)",
    "stated": "coupling stated (1 yes, 0 no)",
    "lag": "lag (> 0: the client follows)",
    "lead": "lead (1 therapist, −1 client, 0 together)",
    "used_pct": "share of segments used",
    "raw_p": "p with speech left in (describes)",
    "silent_p": "p while nobody speaks",
    "client_talk_p": "p while the client speaks",
    "therapist_talk_p": "p while the therapist speaks",
    "stability": "neighbouring peaks within 1 s",
    "stability_chance": "the same among others",
    "agree_pct": "share of settings that agree",
}
MARKED = {
    "count": "how often",
    "latency": "time to the first repair attempt",
    "resolution": "resolution, mean",
    "arousal_change": "change of the arousal index over the repair",
    "minutes": "time marked",
    "talk_pct": "own talk meanwhile",
    "arousal_mean": "arousal index, mean",
    "arousal_peak": "arousal index, highest",
    "above_pct": "time above the band",
    "t50": "half recovery of excursions in it",
    "t50_after": "half recovery from its onset in an excursion",
}
TITLES = {
    "rmssd": "RMSSD",
    "sdnn": "SDNN",
    "lnhf": "ln HF power",
    "rsa_pb": "RSA (Porges-Bohrer)",
    "resp_rate": "breathing rate",
}
"""Indices that have no lane of their own, and so no title."""
WHOSE = {"client": "client", "therapist": "therapist", "dyad": "both"}
WHOLE = {"median": "median", "iqr": "interquartile range"}
CODES = {
    "supportive": "supportive interventions",
    "change_oriented": "change-oriented interventions",
    "safety_test": "test of the therapist",
    "ther_unsafe": "therapist's own mark",
    "safety_now": "own rating of the moment",
    "safety_body": "own rating of the body",
    "safety_judged": "own rating on reflection",
}
"""Codes that are called otherwise than by their letters: of some, the letters alone would claim a state."""
_ENDS = "|".join(sorted(MARKED, key=len, reverse=True))
_SUFFIX = "|".join(sorted(filter(None, AFTER), key=len, reverse=True))
_PATTERNS = (
    (re.compile(r"(safety_test|ther_unsafe)_(.+)_count"), "tally"),
    (re.compile(rf"response_(arousal|hr|scl|lnrmssd)_(.+?)({_SUFFIX})?"), "after"),
    (re.compile(r"segment_(.+)_sync_([a-z0-9]+)_(es_perm|mean_p)"), "segment"),
    (re.compile(rf"sync_([a-z0-9]+)_({'|'.join(COUPLING)})"), "coupling"),
    (re.compile(rf"(.+)_({_ENDS})"), "marked"),
)


def readable(metric: str) -> str:
    """Return what a metric is called in words; one that nothing is known of, with blanks."""
    if metric in OWN:
        return OWN[metric]
    index, _, of = metric.rpartition("_")
    if of in WHOLE and index in INDICES:
        return f"{TITLES.get(index) or INDICES[index].title}, {WHOLE[of]} of the recording"
    for pattern, kind in _PATTERNS:
        if found := pattern.fullmatch(metric):
            return _said(kind, found)
    return spaced(metric)


def _said(kind: str, found: re.Match[str]) -> str:
    if kind == "after":
        words = AFTER[found[3] or ""]
        return words.format(signal=INDICES[found[1]].title, code=spaced(found[2]))
    if kind == "tally":
        return f"{CODES[found[1]]}, {spaced(found[2])}: how often"
    if kind == "segment":
        return f"{spaced(found[1])}: synchrony of {_signal(found[2])}, {COUPLING[found[3]]}"
    if kind == "coupling":
        return f"synchrony of {_signal(found[1])}: {COUPLING[found[2]]}"
    return f"{spaced(found[1])}: {MARKED[found[2]]}"


def _signal(name: str) -> str:
    said = str(SIGNALS[name].words) if name in SIGNALS else ""
    return said or {"f0": "F0", "intensity": "loudness"}.get(name, name)


def spaced(text: str) -> str:
    """Return a code as words."""
    return CODES.get(text) or text.replace("_", " ")


def clashes(metrics: Iterable[str]) -> list[str]:
    """Return the words that two metrics share."""
    seen: dict[str, str] = {}
    return [f"{m}, {seen[w]}: {w}" for m in metrics if seen.setdefault(w := readable(m), m) != m]
