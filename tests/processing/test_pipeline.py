"""The pipeline: batching, arrival order, stalls and who is who never change a result unseen."""

from __future__ import annotations

import math

from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st

from acquisition.stream import Modality, Role, StreamInfo
from processing.index import IndexSample
from processing.parts import sources
from processing.pipeline import Pipeline
from tests.drawing import few
from tests.processing.world import INFOS, START, World, comparable, items, run, run_items, swapped

SPANS = st.lists(st.tuples(st.integers(0, len(INFOS) - 1), st.floats(0, 90), st.floats(0.1, 30)), max_size=3)
WORLDS = st.builds(
    World,
    seed=st.integers(0, 2**32 - 1),
    stalls=SPANS,
    drops=SPANS,
    late=st.integers(0, 20),
    bogus=st.integers(0, 3),
    offsets=st.integers(0, 8),
)
quick = few(
    3,
    phases=[
        Phase.explicit,
        Phase.reuse,
        Phase.generate,
    ],  # an example takes seconds: shrinking would take minutes
    suppress_health_check=list(HealthCheck),
)


@quick
@given(world=WORLDS, cuts=st.lists(st.integers(1, 400), min_size=1, max_size=6))
def test_any_batching_of_ticks_gives_the_same_results(world: World, cuts: list[int]) -> None:
    session = items(world)
    assert comparable(run_items(session, INFOS, cuts)) == comparable(run_items(session, INFOS, 10_000))


@quick
@given(seed=st.integers(0, 2**32 - 1), drops=SPANS)
def test_values_do_not_depend_on_arrival_while_delays_stay_below_the_lateness(
    seed: int, drops: list[tuple[int, float, float]]
) -> None:
    fast = _values(run(World(seed=1, delay=0.1, drops=drops)))
    slow = _values(run(World(seed=seed, delay=1.7, drops=drops)))
    common = fast.keys() & slow.keys()
    assert len(common) >= 0.9 * len(fast)
    assert all(fast[key] == slow[key] for key in common)


def _values(samples: list[IndexSample]) -> dict[tuple[str, str, float], tuple[str, str]]:
    return {(s.entity, s.index, s.time): (repr(s.value), repr(s.quality)) for s in samples}


def test_results_come_sorted_and_are_final_once_given() -> None:
    out = run(World(), cuts=7)
    assert [s.order() for s in out] == sorted(s.order() for s in out)
    assert len({(s.entity, s.index, s.time) for s in out}) == len(out)
    assert all(s.available >= START for s in out)


def test_a_missing_value_always_has_a_reason() -> None:
    out = run(World(drops=[(0, 20.0, 30.0), (1, 50.0, 25.0)]))
    missing = [s for s in out if math.isnan(s.value)]
    assert missing
    assert all(s.reason for s in missing)


def test_swapping_the_two_people_swaps_every_individual_index() -> None:
    other = {"client": "therapist", "therapist": "client"}
    world = World(drops=[(0, 30.0, 8.0)])
    as_is = run(world)
    exchanged = run(World(drops=world.drops, infos=swapped(INFOS)))
    mine = sorted(comparable([s for s in as_is if s.entity != "dyad"]))
    theirs = sorted(comparable([s._replace(entity=other[s.entity]) for s in exchanged if s.entity != "dyad"]))
    assert mine == theirs


def test_a_stalled_partner_releases_the_dyad_after_the_lateness_with_quality_0() -> None:
    stall = (_position(Role.THERAPIST, Modality.ECG), 50.0, 40.0)
    coverage = {s.time: s for s in run(World()) if s.index == "sync_hr_coverage"}
    stalled = [s for s in run(World(stalls=[stall])) if s.index == "sync_hr" and s.time > START + 60]
    delays = [s.available - coverage[s.time].available for s in stalled if s.time in coverage]
    assert delays
    # At the latest the lateness plus one tick later than with data, which itself was never early.
    assert max(delays) <= 2.0 + 0.2 + 1e-9
    assert any(math.isnan(s.value) and s.quality == 0.0 for s in stalled)


def test_withdrawing_one_person_leaves_the_partners_results_as_they_were() -> None:
    session = items(World(offsets=4))
    kept = [i for i in session if getattr(getattr(i, "info", None), "role", None) != Role.CLIENT]
    before = [s for s in run_items(session, INFOS, 3000) if s.entity == "therapist"]
    after = run_items(kept, INFOS, 3000)
    assert comparable([s for s in after if s.entity == "therapist"]) == comparable(before)
    values = [s for s in after if s.index == "sync_hr"]
    assert values
    assert all(math.isnan(s.value) and s.quality == 0.0 for s in values)


def test_an_expected_but_silent_stream_has_rows_that_say_so_and_an_unexpected_one_has_none() -> None:
    session = items(World())
    silent = [i for i in session if getattr(getattr(i, "info", None), "modality", None) != Modality.EDA]
    rows = run_items(silent, INFOS, 3000)
    scl = [s for s in rows if s.index == "scl"]
    assert scl
    assert all(math.isnan(s.value) and s.reason == "no data" for s in scl)
    only_ecg = [i for i in INFOS if i.modality == Modality.ECG]
    assert not [s for s in run_items(silent, only_ecg, 3000) if s.index == "scl"]


def test_the_first_stream_of_a_modality_feeds_and_ecg_goes_before_rr() -> None:
    def info(name: str, modality: Modality) -> StreamInfo:
        return StreamInfo(
            name=name, role=Role.CLIENT, modality=modality, sfreq=0.0, unit="ms", channels=("x",)
        )

    listed = [info("strap", Modality.RR), info("a", Modality.ECG), info("b", Modality.ECG)]
    assert sources(listed)[Role.CLIENT, "heart"].name == "a"
    assert sources(listed[:1])[Role.CLIENT, "heart"].name == "strap"


def test_late_samples_are_counted_and_stay_out() -> None:
    pipeline = Pipeline(INFOS, session_id="test")
    pipeline.run(items(World(late=20, bogus=2)))
    assert sum(late for late, _ in pipeline.dropped.values()) > 0
    assert sum(future for _, future in pipeline.dropped.values()) == 2 * len(INFOS)


def _position(role: Role, modality: Modality) -> int:
    return next(k for k, i in enumerate(INFOS) if i.role == role and i.modality == modality)
