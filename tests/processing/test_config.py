"""Parameters: defaults, files, faults, and the hash that results carry."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from acquisition.errors import SessionError
from processing.config import PipelineConfig, load_config


def test_without_a_file_the_defaults_hold() -> None:
    assert load_config(None) == PipelineConfig()


def test_a_file_names_only_what_differs(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text("lateness = inf\n[heart]\nrmssd_window = 120\n")
    config = load_config(tmp_path / "p.toml")
    assert config.lateness == math.inf
    assert config.heart.rmssd_window == 120.0
    assert isinstance(config.heart.rmssd_window, float)
    assert config.skin == PipelineConfig().skin


def test_every_parameter_changes_the_hash(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text("[heart]\nrmssd_window = 120.0\n")
    assert load_config(tmp_path / "p.toml").digest() != PipelineConfig().digest()
    assert PipelineConfig().digest() == PipelineConfig().digest()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hart = 1\n", "unknown key 'hart' (known: lateness, heart"),
        ("[heart]\nrmsd_window = 60\n", "unknown key 'heart.rmsd_window' (known: "),
        ('[heart]\nrmssd_window = "long"\n', "heart.rmssd_window = 'long': must be a number"),
        ("[heart]\nrmssd_window = true\n", "heart.rmssd_window = True: must be a number"),
        ("heart = 3\n", "heart = 3: must be a table"),
        ("lateness = nan\n", "lateness = nan: must be a number"),
        ("heart = [\n", "p.toml: "),
    ],
)
def test_a_fault_names_file_key_and_choices(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "p.toml").write_text(text)
    with pytest.raises(SessionError) as caught:
        load_config(tmp_path / "p.toml")
    assert said in str(caught.value)
    assert str(tmp_path / "p.toml") in str(caught.value)


def test_all_faults_are_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text("a = 1\nb = 2\n[skin]\nc = 3\n")
    with pytest.raises(SessionError) as caught:
        load_config(tmp_path / "p.toml")
    assert len(caught.value.faults) == 3
