"""Nothing is written among a recording's files, no endless number is taken, and a full disk is named."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from acquisition.commands.command import Command
from acquisition.commands.given import FiniteRange, OutputPath
from acquisition.recording.contents import recording_around
from tests.acquisition.recording.test_verify import recorded
from viewer.cli import attune as main


def attune(*args: object) -> Result:
    return CliRunner().invoke(main, [str(a) for a in args])


def contents(path: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in path.rglob("*") if file.is_file()}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return recorded(tmp_path / "D07_S03")


WRITERS: dict[str, Callable[[Path, Path], tuple[object, ...]]] = {
    "report": lambda r, out: ("report", r, "--out", out),
    "picture": lambda r, out: ("view", r, "--picture", out),
    "beats": lambda r, out: ("corrections", "export", out, "--recording", r, "--role", "client"),
    "results": lambda r, out: ("process", r, "--out", out),
    "export": lambda r, out: ("export", r, "--to", "xdf", "--out", out),
    "store": lambda r, out: ("cohort", r, "--out", out),
    "repaired": lambda r, out: ("repair", r, "--out", out / "x"),
    "imported": lambda r, out: ("import", "--as", "client", r / "client.xdf", "--out", out / "x"),
    "recorded": lambda r, out: ("record", r / "session.toml", "--out", out),
    "session file": lambda r, out: ("new", out),
    "demo": lambda r, out: ("demo", "--out", out, "--seconds", "1"),
}


@pytest.mark.parametrize("what", WRITERS)
@pytest.mark.parametrize("into", ["client.xdf", "session.toml", "a/new.html", "."])
def test_nothing_is_written_among_the_files_of_a_recording(path: Path, what: str, into: str) -> None:
    before = contents(path)
    result = attune(*WRITERS[what](path, path / into))
    assert result.exit_code == 2
    assert contents(path) == before
    said = " ".join(result.stderr.split())
    assert (
        f"is the recording {path}, or lies in it" in said or "is a directory" in said or "is a file" in said
    )


def test_results_are_not_written_beside_recordings_into_the_recording_of_their_name(path: Path) -> None:
    before = contents(path)
    result = attune("process", path, "--out", path.parent)
    assert result.exit_code == 2
    assert f"would be written into the recording {path}" in result.stderr
    assert contents(path) == before


def test_a_link_to_a_recording_is_the_recording(path: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(path)
    assert recording_around(tmp_path / "link" / "r.html") == path
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert recording_around(tmp_path / "loop" / "r.html") is None


def test_the_folder_of_a_foreign_client_xdf_is_no_recording(tmp_path: Path) -> None:
    (tmp_path / "client.xdf").write_bytes(b"XDF:")
    (tmp_path / "session.toml").write_text("[session]\nid = 'D07_S03'\n")  # as `attune new` writes it
    assert recording_around(tmp_path / "report.html") is None


@click.command()
@click.option("--seconds", type=FiniteRange(0, 10))
@click.option("--lateness", type=FiniteRange(0, endless=True))
@click.option("--zero", type=FiniteRange())
def take(**_: object) -> None:
    """Take numbers."""


@given(st.floats())
def test_only_numbers_with_an_end_are_taken(value: float) -> None:
    done = {
        name: CliRunner().invoke(take, [f"--{name}={value!r}"]).exit_code == 0
        for name in ("seconds", "lateness", "zero")
    }
    finite = abs(value) < float("inf")
    assert done == {"seconds": finite and 0 <= value <= 10, "lateness": value >= 0, "zero": finite}


@pytest.mark.parametrize(
    "args",
    [("demo", "--seconds", "nan"), ("demo", "--age", "nan"), ("demo", "--seconds", "inf")],
)
def test_no_command_counts_to_a_number_without_end(args: tuple[str, ...]) -> None:
    assert attune(*args).exit_code == 2


def test_no_option_of_any_command_takes_nan() -> None:
    def options(command: click.Command) -> list[click.Parameter]:
        if not isinstance(command, click.Group):
            return [p for p in command.params if isinstance(p.type, click.types.FloatParamType)]
        ctx = click.Context(command)
        below = [command.get_command(ctx, name) for name in command.list_commands(ctx)]
        return [p for one in below if one is not None for p in options(one)]

    found = options(main)
    assert len(found) > 15
    for option in found:
        with pytest.raises(click.BadParameter):
            option.type.convert("nan", option, None)


def test_where_the_system_names_no_file_it_is_what_was_to_be_written(tmp_path: Path) -> None:
    @click.command(cls=Command)
    @click.option("--out", type=OutputPath())
    def full(out: Path) -> None:
        """Find the disk full."""
        raise OSError(errno.ENOSPC, "No space left on device")

    result = CliRunner().invoke(full, ["--out", str(tmp_path / "r.html")])
    assert (result.exit_code, result.stderr) == (1, f"{tmp_path / 'r.html'}: No space left on device\n")
