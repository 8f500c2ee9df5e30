"""A recording that is not there is wrong usage, whatever was to be done with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from viewer.cli import attune

COMMANDS = (
    "process nowhere --out out",
    "report nowhere",
    "export nowhere --to csv --out out",
    "view nowhere",
    "verify nowhere",
    "repair nowhere",
    "cohort nowhere --out out",
    "amend nowhere number=3 --why x",
    "refill nowhere",
    "rate nowhere --rater A",
    "replay nowhere",
    "withdraw nowhere client",
    "unseal nowhere --out out",
)


@pytest.mark.parametrize("words", COMMANDS)
def test_a_recording_that_is_not_there_is_wrong_usage(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(attune, words.split())
    assert result.exit_code == 2
    assert "'nowhere' does not exist" in result.stderr
    assert list(tmp_path.iterdir()) == []
