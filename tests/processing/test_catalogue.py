"""The catalogue names every index that a pipeline gives, with its unit, and no other."""

from __future__ import annotations

from pathlib import Path

from acquisition.recording.recording import Recording
from acquisition.stream import PEOPLE, Modality, Role
from processing.catalogue import emitted
from processing.indices import INDICES
from processing.pipeline import Pipeline
from tests.processing.simulated_hour import infos, write_hour


def test_the_catalogue_is_what_the_pipeline_gives(tmp_path: Path) -> None:
    recording = Recording(write_hour(tmp_path / "D01_S01"))
    named = emitted(recording.streams)
    pipeline = Pipeline(recording.streams, session_id="D01_S01")
    five_minutes = next(recording.batches(3000))
    given = {(s.entity, s.index, s.unit) for s in pipeline.push(five_minutes)}
    listed = {(entity, *name) for entity, names in named.items() for name in names}
    assert not given - listed
    voice = {name for name, index in INDICES.items() if "voice" in index.of}
    looks = ("_p", "_stated", "_lead")
    assert not {x for x in listed - given if x[1] not in voice and not x[1].endswith(looks)}


def test_streams_that_are_not_expected_have_no_indices() -> None:
    one = [i for i in infos(leave_out=[Modality.VOICE]) if i.role is Role.CLIENT]
    assert set(emitted(one)) == {"client"}
    assert not {"f0_shift", "speaking"} & {name for name, _ in emitted(one)["client"]}
    assert emitted([]) == {}
    assert set(emitted(infos())) == {*(role.value for role in PEOPLE), "dyad"}
