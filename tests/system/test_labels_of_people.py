"""The harnesses that score responses and gates against labels give known answers on known labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.artefacts import kappa, table
from benchmarks.labelled_eda import rows
from benchmarks.labels import Labelled, read_recording
from tests.processing.skin_signals import ONSETS, eda_with


@pytest.fixture
def recording(tmp_path: Path) -> Labelled:
    """Return EDA with six responses that are labelled, and two dips of which one is."""
    t, eda = eda_with(180.0, 4.0)
    for start in (60.0, 100.0):
        eda[(t >= start) & (t < start + 2.0)] -= 0.8
    np.savez(tmp_path / "hour.npz", eda=eda, time=t + 500.0)
    lines = ["time,start,end,label", *(f"{500.0 + onset + 2.0},,,scr" for onset in ONSETS)]
    lines += [",560,562,movement", ",520,530,good"]
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    return read_recording(tmp_path / "hour.npz", tmp_path / "labels.csv")


def test_responses_are_scored_against_labelled_peaks(recording: Labelled) -> None:
    lines = list(rows([recording], alone=True, each=False))
    assert lines[-1] == "| Attunement (causal) | 6 | 100.0 | 100.0 | 100.0 |"
    assert not list(
        rows([recording._replace(labels=recording.labels._replace(names=["N"] * 6))], alone=True, each=False)
    )


def test_gates_are_scored_by_the_second_and_clean_stretches_are_none(recording: Labelled) -> None:
    ours, alone = [line.split(" | ") for line in list(table(recording))[2:]]
    assert ours[0] == "| eda_quality: all" and ours[-1].startswith("1 of 1")
    labelled, refused, found, right = (float(cell) for cell in ours[1:5])
    assert labelled == 2.0 and 3.0 <= refused <= 6.0, "both dips are refused"
    assert found == 100.0 and 33.0 <= right <= 67.0
    assert alone[2] == "0", "what falls by 0.8 µS is within the rules of Kleckner"


def test_kappa_is_one_for_equal_and_zero_for_independent_classings() -> None:
    a = np.arange(1000) % 2 == 0
    assert kappa(a, a) == 1.0
    assert kappa(a, np.arange(1000) % 4 < 2) == pytest.approx(0.0)
