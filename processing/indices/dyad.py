"""Indices of the two people: the signals that are compared, and what each of them gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from processing.indices import heart, skin, voice
from processing.indices.heart import VAGAL
from processing.indices.record import Index, Signal, Timing, always

if TYPE_CHECKING:
    from processing.config import PipelineConfig

_MADE_OF = {i.name: i for i in (*heart.INDICES, *skin.INDICES, *voice.INDICES)}
_VAGAL = _MADE_OF[VAGAL].title

SIGNALS: dict[str, Signal] = {
    "hr": Signal(
        index="ibi",
        sfreq=4.0,
        form="joined",
        scale="rate",
        check="ibi_class",
        spare=1.0,
        title="HR",
        words="heart rate",
    ),
    "scl": Signal(
        index="scl",
        sfreq=1.0,
        form="rows",
        scale="ln",
        courses=True,
        spare=1.0,
        title="SCL",
        words="SC level",
    ),
    "sclslope": Signal(
        index="scl",
        sfreq=1.0,
        form="rows",
        scale="ln",
        slope=5,
        courses=True,
        spare=1.0,
        title="SCL slope",
        words="SC slope",
    ),
    VAGAL: Signal(
        index=VAGAL,
        sfreq=1.0,
        form="joined",
        scale="same",
        spare=0.5,
        slow=True,
        untested="too short to test",
        title=_VAGAL,
        words=_VAGAL,
    ),
    "f0": Signal(
        index="f0_shift",
        sfreq=1.0,
        form="rows",
        scale="same",
        spare=2.5,
        untested="heard only in turns",
        title="F0",
    ),
    "intensity": Signal(
        index="intensity_shift",
        sfreq=1.0,
        form="rows",
        scale="same",
        spare=2.5,
        untested="heard only in turns",
        title="intensity",
    ),
}
"""Shifts from a baseline serve as well as raw values: r ignores an offset."""


ONE_HEART = "one_heart"
"""The index that says whether the beats of both people are those of one."""
ONE_SKIN = "one_skin"
"""The index that says whether the skin conductance of both people is that of one."""
SPEECH = "speaking"
"""The index that says who speaks."""


def speech_of(rule: Signal) -> Signal:
    """Return how a person's speech comes to the grid of a signal."""
    return Signal(index=SPEECH, sfreq=rule.sfreq, form="joined", scale="same", title="speech")


def delay_of(signal: str, config: PipelineConfig) -> float:
    """Return the data time after which a grid point of a signal is settled [s]."""
    s = SIGNALS[signal]
    settled = max(_MADE_OF[name].settled(config) for name in s.needs)
    return settled + s.reach + s.spare


def part_of(signal: str) -> str:
    """Return which estimator of both people a signal needs."""
    return _MADE_OF[SIGNALS[signal].index].of[0]


def _records(signal: str) -> tuple[Index, ...]:
    """Return the indices that the coupling of one signal gives."""
    slow, name = SIGNALS[signal].slow, f"sync_{signal}"
    kind = "slow_" if slow else ""

    def window(c: PipelineConfig) -> float:
        return c.synchrony.window_of(slow=slow)

    def wait(c: PipelineConfig) -> float:
        return delay_of(signal, c)

    def step(c: PipelineConfig) -> float:
        return c.synchrony.step

    def look(c: PipelineConfig) -> float:
        return c.synchrony.look_every

    rows, looks = (
        Timing(window, "{c.synchrony.step:g} s", step, wait),
        Timing(always(0.0), "look", look, wait),
    )
    value = Index(
        name=name,
        unit="",
        of=("synchrony",),
        timing=rows,
        text="windowed cross-lagged correlation of the two people's signal: the largest |z| over lags",
        gap=always(2.5),
        title="Synchrony",
        scale="z",
        span=f"{{c.synchrony.{kind}window:g}} s, lags ± {{c.synchrony.{kind}max_lag:g}} s, "
        "{c.synchrony.often}",
        hover="Windowed cross-lagged correlation of the two people (Boker 2002), largest |Fisher z| over "
        "lags. Dashed lines: chance band, from windows at least {c.synchrony.pool_apart:g} s apart; about "
        "5 % leave it by chance.",
        decimals=2,
    )

    def beside(
        end: str, unit: str, timing: Timing, text: str, *, shown: bool = True, value: bool = False
    ) -> Index:
        return Index(
            name=name + end,
            unit=unit,
            of=("synchrony",),
            timing=timing,
            text=text,
            gap=always(2.5),
            shown=shown,
            silent="value" if value else "nan",
        )

    return (
        value,
        beside("_lag", "s", rows, "lag of the peak; > 0: the client follows", shown=False),
        beside("_coverage", "", rows, "share of the window that had data of both", shown=False, value=True),
        beside("_chance_low", "", rows, "lower edge of the pair's own chance band"),
        beside("_chance_high", "", rows, "upper edge of the pair's own chance band"),
        beside(
            "_p",
            "",
            looks,
            "p of coupling so far, from minute {c.synchrony.first_look_min:g}: speech of both taken out, "
            "segments with a common event left out",
        ),
        beside(
            "_stated",
            "",
            looks,
            "1: p ≤ {c.synchrony.p_stated:g}, coupling above chance may be said of the time so far; 0: not",
        ),
        beside(
            "_lead",
            "",
            looks,
            "where coupling is stated: 1 the therapist leads so far, −1 the client, 0 moved together",
        ),
    )


COUPLINGS: dict[str, tuple[Index, ...]] = {signal: _records(signal) for signal in SIGNALS}
"""Signal → the indices of its coupling."""
_ONE_HEART = Index(
    name=ONE_HEART,
    unit="",
    of=("synchrony",),
    timing=Timing(always(60.0), "10 s", always(10.0), lambda c: _MADE_OF["ibi"].settled(c)),
    text="1: the beats of both people come at the same moments, at one lag of at most 5 s, as those of two "
    "hearts cannot; 0: they do not. The coupling of heart rate and HRV then has no value",
    gap=always(12.0),
    shown=False,
)
_ONE_SKIN = Index(
    name=ONE_SKIN,
    unit="",
    of=("synchrony",),
    timing=Timing(always(300.0), "50 s", always(50.0), lambda c: c.skin.settled),
    text="1: the skin conductance of both people rises at the same moments, in one shape and proportion, as "
    "that of two skins cannot, or has the other's rises in it beside its own; 0: it does not. The coupling "
    "of SCL and its slope then has no value",
    gap=always(60.0),
    shown=False,
)
INDICES = (*(index for mine in COUPLINGS.values() for index in mine), _ONE_HEART, _ONE_SKIN)
