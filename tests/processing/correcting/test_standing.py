"""The beats that are corrected are those of the pipeline, to the bit, and so is what becomes of them."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from acquisition.errors import RecordingError
from acquisition.events.corrected import ByHand, fold
from acquisition.events.corrections import Correction, read_corrections
from acquisition.events.corrections_file import append_corrections
from acquisition.recorder.store import RecordingStore
from acquisition.recording.verify import verify
from acquisition.stream import Modality, Role, StreamInfo
from processing.config import PipelineConfig
from processing.correcting.matching import rmssd_column
from processing.correcting.signals import RawSignal, Signals, detect, judged, read_signals
from processing.correcting.skin import responses
from processing.correcting.snapping import snapped
from processing.corrections.edits import edits_of
from processing.heart.ibi import NORMAL
from processing.index import IndexSample
from processing.results.corrected import corrected_by
from processing.results.session_run import run_recording
from tests.acquisition.simulated import fill
from tests.processing.simulated_hour import infos, write_hour
from viewer.cli import attune


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return seven minutes of two people with ECG and EDA."""
    path = tmp_path_factory.mktemp("made") / "D01_S01"
    left_out = set(Modality) - {Modality.ECG, Modality.EDA}
    return write_hour(path, streams=infos(leave_out=left_out), past=7.0)


@pytest.fixture(scope="module")
def uncorrected(recording: Path) -> list[IndexSample]:
    """Return its rows without corrections."""
    return run_recording(recording, config=PipelineConfig()).samples


@pytest.fixture
def clean(recording: Path) -> Iterator[Path]:
    """Return it without corrections, and leave none."""
    file = recording / "corrections.jsonl"
    file.unlink(missing_ok=True)
    yield recording
    file.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def signals(recording: Path) -> Signals:
    return read_signals(recording)


def rows(samples: list[IndexSample], index: str) -> dict[float, float]:
    return {s.time: s.value for s in samples if s.entity == "client" and s.index == index}


def some_edits(found: list[float]) -> ByHand:
    """Return edits of every kind."""
    return ByHand(
        inserted={0.5 * (found[50] + found[51]): ""},
        deleted=dict.fromkeys(found[100:110:3], ""),
        moved={found[150]: found[150] + 0.05},
        rejected={found[200]: ""},
        marked={(found[250] - 0.2, found[255] + 0.1): ""},
        accepted={(found[300], found[310]): ""},
    )


def acts_of(by_hand: ByHand, who: str = "R2") -> list[Correction]:
    """Return corrections that amount to what is given."""
    said = {
        "role": "client",
        "signal": "heart",
        "who": who,
        "when": "2026-11-23T10:00:00+00:00",
        "why": "test",
    }
    out = [Correction(op="insert", id=f"i{t}", time=t, **said) for t in by_hand.inserted]  # type: ignore[arg-type]
    out += [Correction(op="delete", id=f"d{t}", time=t, **said) for t in by_hand.deleted]  # type: ignore[arg-type]
    out += [Correction(op="move", id=f"m{a}", time=a, to=b, **said) for a, b in by_hand.moved.items()]  # type: ignore[arg-type]
    out += [Correction(op="reject", id=f"r{t}", time=t, **said) for t in by_hand.rejected]  # type: ignore[arg-type]
    for op, kept in (("mark", by_hand.marked), ("accept", by_hand.accepted)):
        out += [Correction(op=op, id=f"{op}{a}", start=a, stop=b, **said) for a, b in kept]  # type: ignore[arg-type]
    return out


def test_beats_are_those_of_the_pipeline_to_the_bit_corrected_or_not(
    uncorrected: list[IndexSample], clean: Path, signals: Signals
) -> None:
    detected = detect(signals.held["client", "heart"])
    plain = judged(detected)
    found = plain.rows.beats.times.tolist()
    by_hand = some_edits(found)
    append_corrections(clean, acts_of(by_hand))
    assert fold(read_corrections(clean), "R2").of("client", "heart").counts() == by_hand.counts()
    tables = {None: plain, "R2": judged(detected, edits_of(by_hand))}
    for who, table in tables.items():
        samples = uncorrected
        if who:
            samples = run_recording(
                clean, config=PipelineConfig(), corrected=corrected_by(clean, who)
            ).samples
        ours = dict(zip(table.rows.beats.times.tolist(), table.rows.beats.classes.tolist(), strict=True))
        classes = {t: kind for t, kind in rows(samples, "ibi_class").items() if t in ours}
        n = len(classes)  # the last beats are judged only here: no tick came after them
        assert repr(list(classes.items())) == repr(list(ours.items())[:n])
        assert n > 350 and len(ours) - n < 5


def test_responses_are_those_of_the_pipeline(uncorrected: list[IndexSample], signals: Signals) -> None:
    known = rows(uncorrected, "scr")
    found = responses(signals.held["client", "skin"])
    assert len(known) > 10
    assert dict(zip(found.peaks.tolist(), found.amplitudes.tolist(), strict=True)).items() >= known.items()
    part = responses(signals.held["client", "skin"], None, found.peaks[4] - 1.0, found.peaks[8] + 1.0)
    np.testing.assert_allclose(part.peaks, found.peaks[4:9], atol=0.26)


def test_an_inserted_beat_is_put_on_the_r_wave_near_it(signals: Signals) -> None:
    signal = signals.held["client", "heart"]
    beats = judged(detect(signal)).rows.beats
    normal = beats.times[beats.classes == NORMAL]
    chosen = normal[20:400:19]
    for off in (-0.08, -0.02, 0.0, 0.05, 0.09):
        found = [snapped(signal, normal[normal != t], float(t) + off) for t in chosen.tolist()]
        np.testing.assert_allclose(found, chosen, atol=0.004, err_msg=f"{off}")


def attune_with(*arguments: object) -> Result:
    return CliRunner().invoke(attune, [str(a) for a in arguments])


def test_corrected_results_stand_apart_and_say_so_everywhere(
    clean: Path, tmp_path: Path, signals: Signals
) -> None:
    found = judged(detect(signals.held["client", "heart"])).rows.beats.times.tolist()
    append_corrections(clean, acts_of(some_edits(found)))
    assert verify(clean) == []
    plain = attune_with("process", clean, "--out", tmp_path)
    assert plain.exit_code == 0, plain.output
    before = {p.name: p.read_bytes() for p in (tmp_path / "D01_S01").iterdir()}
    done = attune_with("process", clean, "--out", tmp_path, "--corrections", "R2", "--report")
    assert done.exit_code == 0, done.output
    said = "corrected by R2: 1 inserted, 4 deleted, 1 moved, 1 rejected, "
    assert said in done.output
    assert {p.name: p.read_bytes() for p in (tmp_path / "D01_S01").iterdir()} == before
    folder = tmp_path / "D01_S01__R2"
    content = json.loads((folder / "session.json").read_text("utf-8"))
    assert content["corrections"]["said"].startswith(said)
    assert content["remarks"][0].startswith(said)
    assert "corrections" not in json.loads(before["session.json"])
    metrics = pq.read_table(folder / "metrics.parquet")
    assert {str(x).startswith(said) for x in metrics["corrected"].to_pylist()} == {True}
    assert "corrected" not in pq.read_table(tmp_path / "D01_S01" / "metrics.parquet").column_names
    report = (folder / "report.html").read_text("utf-8")
    assert said in report and "corrected by hand" in report
    with (folder / "corrections.csv").open(encoding="utf-8") as file:
        every = list(csv.DictReader(file))
    assert {(row["editor"], row["entity"]) for row in every} == {("R2", "client")}
    assert {n: sum(int(row[n]) for row in every) for n in ("inserted", "moved")} == {
        "inserted": 1,
        "moved": 1,
    }
    assert all(0.0 <= float(row["by_hand_pct"]) < 5.0 for row in every)
    again = attune_with("process", clean, "--out", tmp_path, "--corrections", "R2", "--report")
    assert "up to date" in again.output


def test_who_has_corrected_nothing_is_told_in_a_line(clean: Path, tmp_path: Path) -> None:
    done = attune_with("process", clean, "--out", tmp_path, "--corrections", "R9")
    assert done.exit_code == 1
    assert "no corrections by R9 (nobody has corrected it)" in done.output
    assert not (tmp_path / "D01_S01__R9").exists()


def test_lists_come_in_and_go_out_and_two_people_are_compared(clean: Path, tmp_path: Path) -> None:
    place = ("--recording", clean, "--role", "client")
    listed = tmp_path / "beats.csv"
    assert attune_with("corrections", "export", listed, *place).exit_code == 0
    lines = listed.read_text("utf-8").splitlines()
    head, kept = lines[0], [line for k, line in enumerate(lines[1:]) if k not in (100, 200, 300)]
    (tmp_path / "lab.csv").write_text("\n".join([head, *kept]) + "\n", "utf-8")
    who = ("--editor", "R2", "--why", "laboratory")
    with_why = attune_with("corrections", "export", tmp_path / "own.csv", *place, "--why", "to compare")
    assert with_why.exit_code == 0 and (tmp_path / "own.csv").read_text("utf-8") == listed.read_text("utf-8")
    made_of = (clean / "derived.jsonl").read_text("utf-8").splitlines()
    whys = {Path(row["path"]).name: row.get("why") for row in map(json.loads, made_of)}
    assert (whys["beats.csv"], whys["own.csv"]) == (None, "to compare")
    done = attune_with("corrections", "import", tmp_path / "lab.csv", *place, *who)
    assert "0 inserted, 3 deleted, 0 moved" in done.output, done.output
    again = attune_with("corrections", "import", tmp_path / "lab.csv", *place, *who)
    assert "0 inserted, 0 deleted, 0 moved" in again.output
    back = attune_with(
        "corrections", "import", listed, *place, "--editor", "R3", "--why", "all", "--move-over", 0
    )
    assert "0 inserted, 0 deleted, 0 moved" in back.output
    assert "R2: client heart: 3 deleted" in attune_with("corrections", "list", clean).output
    wrong = attune_with("corrections", "list", tmp_path)
    assert wrong.exit_code == 1 and f"{tmp_path}: no recording" in wrong.output
    agreed = json.loads(attune_with("corrections", "agree", "-", "R2", *place, "--json").output)
    assert (agreed["only_a"], agreed["only_b"], agreed["apart"]) == (3, 0, 0.0)
    assert agreed["windows"] > 5 and agreed["bias"] != 0.0
    outside = tmp_path / "outside.csv"
    outside.write_text("time\n1.0\n99999.0\n", "utf-8")
    refused = attune_with("corrections", "import", outside, *place, *who)
    assert refused.exit_code == 1
    assert "line 3: 99999.000 s is outside the recording" in refused.output
    assert len(refused.output.strip().splitlines()) == 1


def test_what_finds_no_beat_is_told(clean: Path, signals: Signals) -> None:
    found = judged(detect(signals.held["client", "heart"])).rows.beats.times.tolist()
    between = 0.5 * (found[40] + found[41])
    append_corrections(clean, acts_of(ByHand(deleted={found[20]: "", between: ""}, rejected={found[30]: ""})))
    run = run_recording(clean, config=PipelineConfig(), corrected=corrected_by(clean, "R2"))
    told = [r for r in run.remarks if "not found among those detected" in r]
    assert [r.partition(" not")[0] for r in told] == ["client: 1 corrected beat"]


def test_corrections_outside_the_recording_are_told_and_do_nothing(
    uncorrected: list[IndexSample], clean: Path
) -> None:
    by_hand = ByHand(inserted={1e6: "", -5.0: ""})
    append_corrections(clean, acts_of(by_hand))
    corrected = run_recording(clean, config=PipelineConfig(), corrected=corrected_by(clean, "R2"))
    told = [r for r in corrected.remarks if "outside the recording" in r]
    assert told == ["client: 2 corrected beats or edges lie outside the recording"]
    assert repr(rows(corrected.samples, "rmssd")) == repr(rows(uncorrected, "rmssd"))


def test_a_recording_that_grows_is_not_corrected(tmp_path: Path) -> None:
    store = RecordingStore(tmp_path / "grows", fsync=0)
    fill(store, 50, np.random.default_rng(1))
    try:
        with pytest.raises(RecordingError, match="still grows"):
            read_signals(tmp_path / "grows")
    finally:
        store.close()


def test_windows_within_an_accepted_stretch_have_a_value_whatever_their_rhythm() -> None:
    intervals = 800.0 + np.random.default_rng(3).uniform(-250.0, 250.0, 400)
    times = 1000.0 + np.cumsum(intervals) / 1e3
    info = StreamInfo(
        name="RR", role=Role.CLIENT, modality=Modality.RR, sfreq=0.0, unit="ms", channels=("RR",)
    )
    detected = detect(RawSignal(info=info, times=times, values=intervals))
    accepted = (float(times[100]) - 0.1, float(times[250]))
    ends = np.arange(times[90], times[-1], 5.0)
    plain, by_hand = (
        rmssd_column(judged(detected, edits).rows, ends, has_shapes=False)
        for edits in (None, edits_of(ByHand(accepted={accepted: ""})))
    )
    within = (ends - 60.0 > times[100]) & (ends < times[250])
    before = ends < times[100]
    assert within.sum() > 5 and before.sum() > 1 and np.isnan(plain.values[within]).all()
    known = times[(times > ends[within][0] - 60.0) & (times <= ends[within][0])]
    steps = np.diff(1e3 * np.diff(known))
    assert np.isfinite(by_hand.values[within]).all()
    assert by_hand.values[within][0] == pytest.approx(np.sqrt(np.mean(steps**2)), rel=0.03)
    assert repr(by_hand.values[before].tolist()) == repr(plain.values[before].tolist())
    after = ends > times[250] + 90.0
    assert np.isnan(by_hand.values[after]).all()
