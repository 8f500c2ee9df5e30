"""The main job from end to end, as a user runs it: demo, live against offline, real recordings, kill -9."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from acquisition.lsl.clock import local_clock
from acquisition.recording.recording import Recording
from tests.processing.simulated_hour import write_hour
from tests.system.commands import attune, await_true, indices, rows, same, started, the_recording

pytestmark = pytest.mark.realtime

SESSION = """
[session]
id = "S01"
crisis_contact = "test desk"
[client]
code = "C01"
consent = { version = "1", ecg = true, eda = true, resp = true, voice = true }
[therapist]
code = "T01"
consent = { version = "1", ecg = true, eda = true, resp = true, voice = true }
"""
SIMULATED = """
[[device]]
role = "client"
profile = "simulated"
source_id = "sim-client"
[[device]]
role = "therapist"
profile = "simulated"
source_id = "sim-therapist"
"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the output of a short headless demo."""
    base = tmp_path_factory.mktemp("demo")
    short = ("--seconds", "4", "--age", "12", "--headless")
    said = attune("demo", *short, "--out", base / "out", runtime=base / "run")
    assert all(str(base / "out" / name) in said.stdout for name in ("results", "window.png"))
    return base / "out"


def test_the_demo_leaves_a_closed_recording_indices_and_a_picture(demo: Path) -> None:
    path = the_recording(demo)
    assert Recording(path).state == "closed"
    assert attune("verify", path, runtime=demo / "run").stdout.strip().endswith("whole")
    table = indices(demo / "results" / path.name)
    assert table.column_names == [
        "time", "t", "available", "entity", "index", "value", "unit", "quality", "reason",
    ]  # fmt: skip
    assert {"client", "therapist", "dyad"} == set(table["entity"].to_pylist())
    found = set(table["index"].to_pylist())
    assert {"ibi", "hr", "rmssd", "lnrmssd", "scl", "scr", "arousal", "arousal_low", "sync_hr"} <= found
    assert (demo / "window.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert json.loads((demo / "results" / path.name / "session.json").read_text("utf-8"))["session"] == "demo"


def test_what_was_computed_while_it_grew_equals_what_is_computed_afterwards(
    demo: Path, tmp_path: Path
) -> None:
    path = the_recording(demo)
    attune("process", path, "--out", tmp_path / "again", runtime=tmp_path / "run")
    live, offline = indices(demo / "results" / path.name), indices(tmp_path / "again" / path.name)
    assert same(live, offline)
    assert live.num_rows > 10_000


def test_a_second_run_does_nothing_and_says_so(tmp_path: Path) -> None:
    path = write_hour(tmp_path / "S01", past=0.5)
    attune("process", path, "--out", tmp_path / "r", runtime=tmp_path / "run")
    written = (tmp_path / "r" / path.name / "indices.parquet").stat().st_mtime_ns
    assert "up to date" in attune("process", path, "--out", tmp_path / "r", runtime=tmp_path / "run").stdout
    assert (tmp_path / "r" / path.name / "indices.parquet").stat().st_mtime_ns == written
    attune("process", path, "--out", tmp_path / "r", "--force", runtime=tmp_path / "run")
    assert (tmp_path / "r" / path.name / "indices.parquet").stat().st_mtime_ns != written


def test_two_recordings_of_one_name_are_refused(demo: Path, tmp_path: Path) -> None:
    path = the_recording(demo)
    done = attune("process", path, path, "--out", tmp_path, runtime=tmp_path / "run", ok=False)
    assert done.returncode == 2
    assert "use two --out" in done.stderr


@pytest.mark.slow
def test_real_recordings_replayed_over_lsl_are_recorded_and_analysed_alike(
    data_dir: Path, tmp_path: Path
) -> None:
    seconds, offset = 9, 100
    ecg = np.load(data_dir / "ecg" / "mitdb_100.npz")
    eda = np.load(data_dir / "eda" / "wrist_e4_61min.npz")
    np.savez(tmp_path / "ecg.npz", ecg=ecg["ecg"][360 * offset : 360 * (offset + seconds)])
    np.savez(tmp_path / "eda.npz", eda=eda["eda"][4 * offset : 4 * (offset + seconds)])
    runtime, streams = tmp_path / "run", list[str]()
    for role in ("client", "therapist"):
        streams += ["--stream", f"{role}:ecg:mV:360=ecg", "--stream", f"{role}:eda:uS:4=2#eda"]
    source = tmp_path / "imported"
    attune("import", tmp_path / "ecg.npz", tmp_path / "eda.npz", *streams, "--out", source, runtime=runtime)
    session = tmp_path / "session.toml"
    lsl = "attunement-main-job"
    session.write_text(SESSION + f'[lsl]\nsession_id = "{lsl}"\n' + _lsl_devices())
    out = tmp_path / "out"
    with (
        started("replay", source, "--session-id", lsl, runtime=runtime) as replay,
        started("record", session, "--out", out, runtime=runtime) as recorder,
    ):
        await_true(lambda: any(out.glob("*/client.xdf")))
        path = the_recording(out)
        await_true(lambda: "[recorded]" in _text(path / "session.toml"))
        with started("process", path, "--out", tmp_path / "live", "--follow", runtime=runtime) as follower:
            assert replay.wait(120) == 0
            attune("stop", runtime=runtime)
            assert recorder.wait(120) == 0
            assert follower.wait(120) == 0
    attune("process", path, "--out", tmp_path / "offline", runtime=runtime)
    live, offline = indices(tmp_path / "live" / path.name), indices(tmp_path / "offline" / path.name)
    assert same(live, offline)
    # Every annotated beat but those at the edges is found within 50 ms, in the recording as in the file.
    truth = ecg["beats"] / 360 - offset
    truth = truth[(truth > 3) & (truth < seconds - 3)]
    beats = np.array(rows(offline, "client", "ibi")["time"].to_pylist())
    first = _first_stamp(path)
    errors = np.abs(beats[:, None] - first - truth).min(axis=0)
    assert errors.max() < 0.05
    inside = (beats - first > 3) & (beats - first < seconds - 3)
    assert inside.sum() == len(truth)


def test_killing_the_recorder_loses_at_most_a_few_tenths_of_a_second(tmp_path: Path) -> None:
    (tmp_path / "session.toml").write_text(SESSION + SIMULATED)
    rng = np.random.default_rng(20)
    with ExitStack() as stack:
        recorders = []
        for k in range(2):
            words = ("record", tmp_path / "session.toml", "--out", tmp_path / str(k))
            recorders.append(stack.enter_context(started(*words, runtime=tmp_path / f"run{k}")))
        files = [lambda k=k: (tmp_path / str(k)).glob("*/client.xdf") for k in range(2)]
        await_true(lambda: all(any(p.stat().st_size > 60_000 for p in file()) for file in files))
        killed = []
        for recorder in recorders:
            moment = local_clock() + float(rng.uniform(0, 0.3))
            await_true(lambda moment=moment: local_clock() >= moment, pause=0.005)  # type: ignore[misc]
            killed.append(local_clock())
            recorder.kill()
            recorder.wait()
    paths = [the_recording(tmp_path / str(k)) for k in range(2)]
    for path, moment in zip(paths, killed, strict=True):
        assert Recording(path).state == "cut"
        assert moment - float(list(Recording(path).batches())[-1].ticks[-1]) < 0.3
    attune("process", *paths[:1], "--out", tmp_path / "results", runtime=tmp_path / "run")
    assert indices(tmp_path / "results" / paths[0].name).num_rows > 0


def _lsl_devices() -> str:
    return "".join(
        f'[[device]]\nrole = "{role}"\nprofile = "lsl_{kind}"\n'
        f'source_id = "attunement-{role}-import-{kind}"\n'
        for role in ("client", "therapist")
        for kind in ("ecg", "eda")
    )


def _text(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""


def _first_stamp(path: Path) -> float:
    batch = next(
        b
        for b in Recording(path).batches()
        if any(s.info.modality == "ecg" and len(s.times) for s in b.streams.values())
    )
    part = next(s for s in batch.streams.values() if s.info.modality == "ecg" and s.info.role == "client")
    return float(part.times[0]) + (part.offsets[0][1] if part.offsets else 0.0)
