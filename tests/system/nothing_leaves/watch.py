"""What holds of every group of commands: nothing leaves the machine, and nothing is left on it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.system.every_command import GROUPS
from tests.system.island import island, why_not
from tests.system.laboratory import Laboratory

WATCHED = [
    pytest.mark.realtime,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="modes and namespaces are POSIX's"),
]
LSL_DISCOVERY = 16571
"""Port at which LSL looks for streams."""


@dataclass(frozen=True, slots=True)
class Day:
    """Hold what a day in the laboratory left; `left` is None where the network cannot be watched."""

    laboratory: Laboratory
    left: list[dict[str, object]] | None


def work(group: str, folder: Path, past: Path) -> Day:
    """Run the commands of a group on a network of their own, where there can be one."""
    (folder / "day").mkdir()
    if why_not():
        laboratory = Laboratory(folder / "day", past=past)
        GROUPS[group].work(laboratory)
        return Day(laboratory, None)
    with island(folder) as place:
        laboratory = Laboratory(folder / "day", place.prefix, past)
        before = len(place.left())
        GROUPS[group].work(laboratory)
        return Day(laboratory, place.left()[before:])


def strangers(left: list[dict[str, object]]) -> list[dict[str, object]]:
    """Return what is neither LSL's search for streams nor the system's own talk about multicast groups."""
    return [
        p
        for p in left
        if not (p.get("kind") == "udp" and p.get("port") == LSL_DISCOVERY)
        and not (p.get("kind") in ("igmp", "icmp6") and str(p.get("to")).startswith(("224.0.0.", "ff02::")))
    ]


class NothingLeaves:
    """Hold the tests of one group: whoever inherits them names it."""

    group: str

    def test_the_commands_of_the_group_were_run(self, day: Day) -> None:
        assert set(day.laboratory.ran) == GROUPS[self.group].commands

    @pytest.mark.skipif(bool(why_not()), reason=why_not() or "watched")
    def test_no_command_sends_a_packet_but_those_of_lsl(self, day: Day) -> None:
        assert day.left is not None
        assert strangers(day.left) == []

    def test_no_command_leaves_a_file_outside_recordings_results_and_settings(self, day: Day) -> None:
        left = [str(p) for place in day.laboratory.places for p in place.rglob("*")]
        own = str(day.laboratory.root / "run" / "attunement")
        assert [p for p in left if p != own] == []

    def test_what_commands_write_is_the_users_alone(self, day: Day) -> None:
        modes = {p: p.stat().st_mode & 0o777 for p in day.laboratory.lab.rglob("*")}
        assert GROUPS[self.group].kinds - {p.suffix for p in modes} == set()
        assert {p for p, mode in modes.items() if mode != (0o700 if p.is_dir() else 0o600)} == set()
