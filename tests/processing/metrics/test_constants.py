"""The hash of what results depend on is that of every process, whatever order its sets come in."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass

import pytest

from processing.metrics.constants import as_text
from processing.metrics.session_metrics import fixed_parameters

SAID = (
    "from processing.cohort.job import Settings; from processing.config import PipelineConfig;"
    "print(sorted(Settings(config=PipelineConfig()).said().items()))"
)


@dataclass(frozen=True)
class Of:
    names: frozenset[str]
    do: object


def test_sets_functions_and_what_holds_them_are_the_same_text_in_any_order() -> None:
    value = Of(frozenset({"b", "a"}), as_text)
    assert as_text(value) == "Of(names={'a', 'b'}, do=processing.metrics.constants.as_text)"
    assert as_text({"y": (1.0, value.names), "x": None}) == "{'x': None, 'y': (1.0, {'a', 'b'})}"


def test_no_constant_is_an_address() -> None:
    assert " at 0x" not in fixed_parameters()
    assert "frozenset" not in fixed_parameters()


@pytest.mark.slow
def test_settings_are_the_same_whatever_order_sets_come_in() -> None:
    said = {
        subprocess.run(
            [sys.executable, "-c", SAID],
            capture_output=True,
            check=True,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": os.pathsep.join(sys.path)},
        ).stdout
        for seed in range(1, 7)
    }
    assert len(said) == 1
