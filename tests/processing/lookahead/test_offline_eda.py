"""cvxEDA of a recording: offline by name, in a table of its own, and never across a gap."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from acquisition.commands.importing import import_command
from acquisition.errors import AttunementError
from acquisition.events.corrected import ByHand
from acquisition.stream import FloatArray, Role
from processing.cli import process_command
from processing.corrections.edits import edits_of
from processing.lookahead import cvxeda as offline
from processing.skin.config import SkinConfig
from tests.processing.skin_signals import eda_with
from tests.system.commands import same

METHOD = "offline: cvxEDA (NeuroKit2)"
ONSETS = (20.0, 45.0, 80.0, 120.0, 150.0, 200.0)
HEIGHTS = (0.4, 0.3, 0.5, 1.0, 0.4, 0.6)
needs_cvxopt = pytest.mark.skipif(
    find_spec("cvxopt") is None, reason="cvxopt is not installed (extra cvxeda)"
)


def signal(sfreq: float = 4.0) -> tuple[FloatArray, FloatArray]:
    return eda_with(240.0, sfreq, ONSETS, HEIGHTS)


def plainly(eda: FloatArray, sfreq: float) -> offline.Decomposition:
    """Decompose without the solver: all of it is tonic."""
    means = offline._means(eda, sfreq)
    return offline.Decomposition(tonic=means, phasic=0.0 * means, sfreq=4.0, method=METHOD)


@needs_cvxopt
@pytest.mark.parametrize("sfreq", [4.0, 25.0])
def test_the_parts_add_up_and_the_phasic_one_rises_at_the_responses(sfreq: float) -> None:
    _, eda = signal(sfreq)
    parts = offline.cvx_decompose(eda, sfreq)
    block = max(1, int(sfreq // 4))
    assert parts.sfreq == pytest.approx(sfreq / block)
    assert parts.method == METHOD
    means = eda[: len(eda) // block * block].reshape(-1, block).mean(axis=1)
    assert len(parts.tonic) == len(parts.phasic) == len(means)
    assert np.abs(parts.tonic + parts.phasic - means).max() < 0.1
    times = np.arange(len(means)) * block / sfreq
    for onset, height in zip(ONSETS, HEIGHTS, strict=True):
        after, before = (times >= onset) & (times < onset + 4.0), (times >= onset - 3.0) & (times < onset)
        assert parts.phasic[after].max() - parts.phasic[before].mean() > 0.3 * height
    assert parts.tonic[40:-40].std() < 0.2


@needs_cvxopt
def test_a_missing_sample_is_not_made_up() -> None:
    _, eda = signal()
    eda[100] = np.nan
    with pytest.raises(ValueError, match="cut the recording at its gaps"):
        offline.cvx_decompose(eda, 4.0)


@needs_cvxopt
def test_a_recording_is_cut_at_gaps_missing_samples_and_faults() -> None:
    times, eda = signal()
    late = np.where(times < 80.0, times, times + 12.0)
    eda[600:602] = np.nan
    stretches = offline.cvx_stretches(late, eda, 4.0)
    spans = [(round(s.times[0]), round(s.times[-1])) for s in stretches]
    assert spans == [(0, 80), (92, 162), (162, 252)]
    assert all(len(s.times) == len(s.parts.tonic) == len(s.parts.phasic) for s in stretches)
    assert all(np.isfinite(s.parts.tonic).all() and np.isfinite(s.parts.phasic).all() for s in stretches)
    alone = offline.cvx_decompose(eda[320:600], 4.0)
    assert stretches[1].parts.phasic.tolist() == alone.phasic.tolist()
    eda[400:410] = 0.0
    off = [(round(s.times[0]), round(s.times[-1])) for s in offline.cvx_stretches(late, eda, 4.0)]
    assert off == [(0, 80), (162, 252)]  # 92-107 and 120-162 are too short


@pytest.mark.parametrize("kind", ["filled", "fall", "noise"])
def test_what_the_skins_own_rules_call_a_fault_is_cut_out(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lost contact and jumps were left out, and a line that a tool had filled was decomposed."""
    monkeypatch.setattr(offline, "cvx_decompose", plainly)
    rng = np.random.default_rng(3)
    times, eda = eda_with(600.0, 25.0, tuple(np.arange(15.0, 590.0, 20.0)), (0.4,) * 29)
    eda = eda + 0.002 * rng.standard_normal(len(eda))
    hole = (times >= 250.0) & (times < 290.0)
    if kind == "filled":
        eda[hole] = np.interp(times[hole], [250.0, 290.0], [eda[hole][0], eda[hole][-1]])
    elif kind == "fall":
        eda[(times >= 268.0) & (times < 270.0)] -= 2.0
        hole = (times >= 268.5) & (times < 269.5)
    else:
        eda[hole] += 0.15 * rng.standard_normal(hole.sum())
        hole = (times >= 262.0) & (times < 288.0)
    stretches = offline.cvx_stretches(times, eda, 25.0)
    left = np.concatenate([s.times for s in stretches])
    assert not ((left >= times[hole][0]) & (left <= times[hole][-1])).any()
    assert (left < 230.0).sum() > 800 and (left > 320.0).sum() > 1000


def test_a_signal_that_looks_like_ohms_is_not_decomposed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offline, "cvx_decompose", plainly)
    times, eda = eda_with(1500.0, 4.0, tuple(np.arange(15.0, 1490.0, 9.0)), (0.4,) * 164)
    assert len(offline.cvx_stretches(times, eda, 4.0)) == 1
    assert offline.cvx_stretches(times, 100.0 / eda, 4.0) == []


def test_a_signal_whose_zero_was_taken_away_is_not_decomposed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offline, "cvx_decompose", plainly)
    times, eda = eda_with(1500.0, 4.0, tuple(np.arange(15.0, 1490.0, 30.0)), (0.4,) * 50)
    eda = eda + 0.5 * (times > 400.0)
    assert len(offline.cvx_stretches(times, eda, 4.0)) == 2
    assert offline.cvx_stretches(times, eda - eda.mean(), 4.0) == []


@needs_cvxopt
def test_all_nan_and_too_little_give_nothing() -> None:
    times, eda = signal()
    assert offline.cvx_stretches(times, np.full_like(eda, np.nan), 4.0) == []
    assert offline.cvx_stretches(times[:200], eda[:200], 4.0) == []


@needs_cvxopt
def test_process_writes_a_table_of_its_own_and_leaves_the_indices_as_they_are(tmp_path: Path) -> None:
    times, eda = signal()
    np.savez(tmp_path / "eda.npz", eda=eda)
    words = [str(tmp_path / "eda.npz"), "--stream", "client:eda:uS:4=eda", "--out", str(tmp_path / "rec")]
    assert CliRunner().invoke(import_command, words).exit_code == 0
    tables = {}
    for name, options in (("plain", []), ("with", ["--cvxeda"])):
        out = tmp_path / name
        done = CliRunner().invoke(process_command, [str(tmp_path / "rec"), "--out", str(out), *options])
        assert done.exit_code == 0, done.output
        tables[name] = pq.read_table(out / "rec" / "indices.parquet")
    assert same(tables["plain"], tables["with"])
    assert not (tmp_path / "plain" / "rec" / "eda_cvxeda.parquet").exists()
    table = pq.read_table(tmp_path / "with" / "rec" / "eda_cvxeda.parquet").to_pydict()
    assert list(table) == ["time", "entity", "stretch", "tonic", "phasic", "method"]
    assert set(table["method"]) == {METHOD}
    assert set(table["entity"]) == {"client"}
    assert set(table["stretch"]) == {1}
    assert np.allclose(table["time"], times)
    [stretch] = offline.decompose_recording(tmp_path / "rec")[Role.CLIENT]
    assert stretch.parts.phasic.tolist() == table["phasic"]


def test_without_the_solver_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offline, "find_spec", lambda name: None)
    with pytest.raises(AttunementError, match=r"pip install 'attunement\[cvxeda\]'"):
        offline.decompose_recording(tmp_path)


def test_what_was_marked_by_hand_is_cut_out_and_the_table_says_who_corrected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offline, "cvx_decompose", plainly)
    monkeypatch.setattr(offline, "require_cvxopt", lambda: None)
    times, eda = signal()
    edits = edits_of(ByHand(marked={(100.0, 110.0): "movement"}))
    plain, cut = (offline.cvx_stretches(times, eda, 4.0, None, said) for said in (None, edits))
    assert len(plain) == 1 and len(cut) == 2
    assert cut[0].times[-1] < 100.0 and cut[1].times[0] >= 110.0
    monkeypatch.setattr(offline, "decompose_recording", lambda *_: {Role.CLIENT: cut})
    file = tmp_path / "eda.parquet"
    rules = SkinConfig()
    offline.write_decomposition(tmp_path, file, rules, {("client", "skin"): edits}, "corrected by R2")
    assert pq.read_schema(file).metadata[b"corrected"] == b"corrected by R2"
    offline.write_decomposition(tmp_path, file, rules)
    assert b"corrected" not in (pq.read_schema(file).metadata or {})
