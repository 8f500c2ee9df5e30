"""The parts of the pipeline: which estimators a person has, what feeds them, and who hears whom.

            ┌ voice ────────────────┐               one per person
            │   └ speaking ┐        │
streams →   ├ breath ┐     ↓        │
            ├ heart ←┴┐             ├→ index samples
            │         ├→ arousal ───┤
            ├ skin ───┘             │
            │   │                   │
            └ rating ───────────────┤
                └→ synchrony ───────┘               per signal, both people
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from acquisition.stream import PEOPLE, FloatArray, Modality, Role, StreamInfo
from acquisition.voice.rows import is_turns
from processing.arousal.arousal import Arousal
from processing.arousal.baseline import Reference
from processing.config import PipelineConfig
from processing.corrections.edits import Edits
from processing.heart.heart import Heart
from processing.heart.respiration_stream import Breath
from processing.index import Estimator
from processing.indices import SIGNALS, part_of
from processing.rated.rating import Rating
from processing.skin.skin import Skin
from processing.voice.voice import Voice

CARDIAC = (Modality.ECG, Modality.RR, Modality.PPI)
"""Sources of beats, the preferred one first."""
TRUNK = Modality.ECG
"""The device that gives it is worn on the chest: its acceleration tells the posture."""
OTHERS = {Modality.RESP: "breath", Modality.EDA: "skin", Modality.RATING: "rating"}
"""Modalities of which the first stream feeds an estimator of its own."""
Sources = dict[tuple[Role, str], StreamInfo]
"""(person, source) → the stream that feeds it."""


def sources(streams: Iterable[StreamInfo]) -> Sources:
    """Choose the streams that feed each person's estimators; "turns" also goes to the voice estimator.

    The first stream of a modality wins, in the order of the session file; ECG goes before RR, RR before PPI.
    """
    chosen: Sources = {}
    listed = list(streams)
    for role in PEOPLE:
        mine = [s for s in listed if s.role == role]
        cardiac = [s for modality in CARDIAC for s in mine if s.modality == modality]
        if cardiac:
            chosen[role, "heart"] = cardiac[0]
            worn = {s.device for s in cardiac if s.modality is TRUNK and s.device}
            if moved := [s for s in mine if s.modality is Modality.ACC and s.device in worn]:
                chosen[role, "posture"] = moved[0]
        for stream in reversed(mine):
            if stream.modality in OTHERS:
                chosen[role, OTHERS[stream.modality]] = stream
        voice = [s for s in mine if s.modality == Modality.VOICE]
        for stream in reversed(voice):
            chosen[role, "turns" if is_turns(stream) else "voice"] = stream
    return chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Hold what an estimator of a person is made with: the streams that feed this person, and parameters."""

    role: Role
    fed: dict[str, StreamInfo]
    config: PipelineConfig
    reference: Reference | None = None
    corrected: Mapping[str, Edits] = field(default_factory=dict)
    """heart, skin → what was corrected by hand."""
    sink: Callable[[FloatArray, FloatArray], None] | None = None
    """Takes the valid samples of the skin, for whoever compares the two people's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Declare an estimator of a person.

    Parameters
    ----------
    name : str
        As in `Index.of`: what it gives, the records say.
    sources : tuple of str
        The streams any of which brings it about.
    also : tuple of str
        Streams that it takes in beside, where there are such.
    waits : tuple of str
        Sources of other parts whose values it waits for, where there are such.
    fed : bool
        It takes in their samples itself; else it is made of the indices of those who do.
    make : callable
    """

    name: str
    sources: tuple[str, ...]
    also: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()
    fed: bool = True
    make: Callable[[Person], Estimator]


def _heart(p: Person) -> Heart:
    return Heart(
        p.role.value,
        p.fed["heart"].modality,
        config=p.config.heart,
        hears_breathing="breath" in p.fed,
        edits=p.corrected.get("heart"),
    )


def _skin(p: Person) -> Skin:
    return Skin(p.role.value, config=p.config.skin, edits=p.corrected.get("skin"), sink=p.sink)


def _arousal(p: Person) -> Arousal:
    channels = ({"hr"} if "heart" in p.fed else set()) | ({"scl", "scr"} if "skin" in p.fed else set())
    return Arousal(p.role.value, channels_expected=channels, config=p.config, reference=p.reference)


PARTS = (
    Part(
        name="voice",
        sources=("voice", "turns"),
        make=lambda p: Voice(p.role.value, config=p.config.voice),
    ),
    Part(
        name="breath",
        sources=("breath",),
        make=lambda p: Breath(p.role.value, config=p.config.respiration),
    ),
    Part(name="heart", sources=("heart",), waits=("breath",), make=_heart),
    Part(name="skin", sources=("skin",), make=_skin),
    Part(name="arousal", sources=("heart", "skin"), also=("posture",), fed=False, make=_arousal),
    Part(
        name="rating",
        sources=("rating",),
        make=lambda p: Rating(p.role.value, channels=len(p.fed["rating"].channels)),
    ),
)
"""In the order in which they advance: each hears the index samples of those before it."""


def parts_of(fed: Iterable[str]) -> list[Part]:
    """Return the parts that a person with these sources has."""
    there = set(fed)
    return [part for part in PARTS if there.intersection(part.sources)]


def signals_of(fed: Sources) -> list[str]:
    """Return the signals that both people have, those of one estimator together."""
    both = [part.name for part in (*PARTS[2:], PARTS[0]) if all((role, part.name) in fed for role in PEOPLE)]
    return [signal for name in both for signal in SIGNALS if part_of(signal) == name]
