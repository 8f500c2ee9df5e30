"""What the metrics of coupling are: their definitions, in the order of the tables."""

from __future__ import annotations

from processing.coupling.config import SynchronyConfig
from processing.hour.measure import OF_DRAWS, Definition
from processing.hour.uncertainty import MEMORY
from processing.indices import SIGNALS
from processing.surrogates.talk_states import LEAST_IN_STATE
from processing.surrogates.talk_states import LEAST_SEGMENTS as STATE_SEGMENTS
from processing.surrogates.whole_hour import AGREES

TESTED = ", ".join(rule.title for rule in SIGNALS.values() if not rule.untested)
"""The signals that coupling is stated of; the error of a session is shared by them."""
NO_DRAWS = "a p has none of its own"
SAID = 0.05
"""Largest adjusted p that states coupling."""
SLOW = ", ".join(dict.fromkeys(rule.title for rule in SIGNALS.values() if rule.slow))


def defined(config: SynchronyConfig) -> Definition:
    """Return what the mean coupling is: segments and lags are as long as the windows and lags on screen."""
    return Definition(
        compares=True,
        name="sync_{signal}_z",
        whose="dyad",
        unit="",
        text=f"mean |atanh r| over lags and segments; segments of {config.window:g} s, "
        f"lags ± {config.max_lag:g} s ({SLOW} {config.slow_window:g} s, ± {config.slow_max_lag:g} s); the "
        "hour without baselines and breaks",
        interval=f"over segments: {MEMORY}",
        source="Tschacher & Meier (2020), doi:10.1080/10503307.2019.1612114",
    )


Z = defined(SynchronyConfig())
ES = Definition(
    compares=True,
    name="sync_{signal}_es_perm",
    whose="dyad",
    unit="",
    text="(observed − mean of chance) / SD of chance, chance from 1000 permutations of the segments",
    interval="jackknife over segments, Student's t",
)
MEAN_P = Definition(
    compares=True,
    name="sync_{signal}_mean_p",
    whose="dyad",
    unit="",
    text="p of sync_{signal}_z against permuted segments; describes, and states nothing",
    bare=OF_DRAWS,
)
P = Definition(
    compares=True,
    name="sync_{signal}_p",
    whose="dyad",
    unit="",
    text="p of the largest studentised |mean z| over lags, the larger one against permuted and against "
    "circularly shifted segments, in closed form; speech of both taken out, segments with a common event "
    f"left out; of {TESTED}",
    bare=NO_DRAWS,
    source="Hoeffding (1951), doi:10.1214/aoms/1177729545; Efron (1997), doi:10.1093/biomet/84.1.143",
)
P_HOLM = Definition(
    compares=True,
    name="sync_{signal}_p_holm",
    whose="dyad",
    unit="",
    text=f"the same p, adjusted over {TESTED} (Holm)",
    bare=NO_DRAWS,
)
STATED = Definition(
    compares=True,
    name="sync_{signal}_stated",
    whose="dyad",
    unit="",
    text="1: coupling above chance may be said of the whole hour, as sync_{signal}_p_holm ≤ "
    f"{SAID:g}; 0: not; a shared cause looks the same",
    bare="a verdict; sync_{signal}_es_perm has one",
)
LAG = Definition(
    compares=True,
    name="sync_{signal}_lag",
    whose="dyad",
    unit="s",
    text="lag of the strongest coupling, > 0: the client follows; only where coupling is stated, and "
    "a leader clear or both moved together",
    interval="symmetric bootstrap over segments",
)
LEAD = Definition(
    compares=True,
    name="sync_{signal}_lead",
    whose="dyad",
    unit="",
    text="where coupling is stated: 1 the therapist leads, −1 the client leads, 0 moved together (the peak "
    "is at lag 0)",
    bare="a verdict; sync_{signal}_lag has one",
)
USED = Definition(
    compares=True,
    name="sync_{signal}_used_pct",
    whose="dyad",
    unit="%",
    text="share of the segments of the hour that sync_{signal}_p rests on: with data and known speech of "
    "both and without a common event",
    bare="counted, not estimated",
)
RAW_P = Definition(
    compares=True,
    name="sync_{signal}_raw_p",
    whose="dyad",
    unit="",
    text="sync_{signal}_p of the same segments with speech left in; describes, and states nothing",
    bare=NO_DRAWS,
    exploratory=True,
)
STATE_P = Definition(
    compares=True,
    name="sync_{signal}_{state}_p",
    whose="dyad",
    unit="",
    text="sync_{signal}_p over the moments in which nobody speaks (silent), the client alone (client_talk) "
    f"or the therapist alone (therapist_talk); {LEAST_IN_STATE:g} s of {STATE_SEGMENTS} segments or more",
    bare=NO_DRAWS,
    exploratory=True,
)
STABILITY = Definition(
    compares=True,
    name="sync_{signal}_stability",
    whose="dyad",
    unit="",
    text=f"share of neighbouring segments whose peaks lie within {AGREES:g} s of each other",
    bare="stands beside its chance, sync_{signal}_stability_chance",
    exploratory=True,
)
STABILITY_CHANCE = Definition(
    compares=True,
    name="sync_{signal}_stability_chance",
    whose="dyad",
    unit="",
    text="the same share among segments that are no neighbours",
    bare="a chance level",
    exploratory=True,
)
AGREE = Definition(
    compares=True,
    name="sync_{signal}_agree_pct",
    whose="dyad",
    unit="%",
    text="share of the settings of multiverse.parquet (windows, lags, lines, statistic) whose p lies on the "
    f"same side of {SAID:g} as sync_{{signal}}_p",
    bare="of settings, not of data",
    exploratory=True,
)
TESTS = (P, P_HOLM, STATED, LAG, LEAD)
BESIDE = (USED, RAW_P, STATE_P, STABILITY, STABILITY_CHANCE, AGREE)
DEFINITIONS = (Z, ES, MEAN_P, *TESTS, *BESIDE)
