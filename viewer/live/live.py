"""attune live: record and watch."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from acquisition.commands.already import ask_if_recorded, beside_option
from acquisition.commands.command import Command
from acquisition.commands.given import FiniteRange, OutputPath
from acquisition.commands.status_page import page_lines, status_page_option
from acquisition.errors import RecordingError
from acquisition.recorder.control import Client
from acquisition.session.toml import load_session
from acquisition.terminal import echo
from viewer.desktop import has_display, require_qt
from viewer.live.monitor import in_memory
from viewer.live.recorder_process import RecorderProcess

if TYPE_CHECKING:
    from processing.arousal.person import People


Left = Literal["ended", "kept", "again", "discarded"]
"""How a window was left: the recording ended, it goes on, another one is to begin, or it is to be erased."""


@click.command("live", cls=Command)
@click.argument(
    "session_file", metavar="SESSION.toml", type=click.Path(path_type=Path, exists=True, dir_okay=False)
)
@click.option("--headless", is_flag=True, help="Record without a window.")
@click.option(
    "--set-up",
    is_flag=True,
    help="First find devices, say who wears them, and check; so it is anyway where the file names no device.",
)
@click.option(
    "--monitor-only",
    is_flag=True,
    help="Keep nothing: what is recorded stays in memory, and goes with the window or the recorder.",
)
@click.option(
    "--reference",
    "references",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="reference.json of earlier results; may be repeated. A person in it is seen relative to it.",
)
@click.option(
    "--scaling",
    type=click.Choice(("person", "anchored")),
    help="person: relative to it from the first second on (the default); anchored: relative to today's rest, "
    "on its scale.",
)
@status_page_option
@beside_option
@click.option("--out", type=OutputPath(file_okay=False), help="Parent of the recording.")
@click.option("--seconds", type=FiniteRange(min=0, min_open=True), help="End after so long.")
def live_command(
    session_file: Path,
    headless: bool,
    set_up: bool,
    monitor_only: bool,
    references: tuple[Path, ...],
    scaling: Literal["person", "anchored"] | None,
    status_page: str | None,
    beside: bool,
    out: Path | None,
    seconds: float | None,
) -> None:
    """Record a session and watch it; Ctrl+C ends the recording cleanly, closing the window asks what to do.

    --out is the parent of the recording; with --monitor-only a directory in memory, /dev/shm if not given.
    """
    headless = headless or not has_display()
    if not headless:
        require_qt()
        if (set_up or not load_session(session_file).devices) and not set_up_devices(session_file, out):
            echo("set-up closed: nothing was recorded")
            return
    elif set_up:
        raise click.UsageError("--set-up needs a display")
    ask_if_recorded(load_session(session_file).id, beside=beside)
    if scaling and not references:
        raise click.UsageError(f"--scaling {scaling} needs --reference FILE")
    people = known_people(references, session_file, scaling or "person")
    with in_memory(out) if monitor_only else contextlib.nullcontext() as place:
        left: Left = "again"
        while left == "again":
            recorder = RecorderProcess(
                session_file,
                out=out if place is None else place.directory,
                seconds=seconds,
                said=say,
                rope=None if place is None else place.rope,
            )
            with recorder:
                path = recorder.await_recording()
                echo(f"watching, keeping nothing ({path})" if monitor_only else f"recording to {path}")
                if status_page is not None:
                    for line in page_lines(path, status_page, terminal=sys.stdout.isatty()):
                        echo(line)
                if headless:
                    await_end(recorder)
                    left = "ended"
                else:
                    left = watch(path, recorder, keeps=not monitor_only, again=True, people=people)
            if not monitor_only:
                say_left(path, left)
                if left == "discarded":
                    erase(path)


def set_up_devices(session_file: Path, out: Path | None) -> bool:
    """Let the technician set the session up; tell whether the recording is to begin."""
    from viewer.settings import store
    from viewer.setup.setup_window import SetUpWindow
    from viewer.window import application

    app = application()
    window = SetUpWindow(session_file, kept=store(), out=out)
    asked: list[bool] = []
    window.begin_asked.connect(lambda: asked.append(True))
    window.begin_asked.connect(window.close)
    with quitting_on_ctrl_c(app):
        window.show()
        window.scan()
        app.exec()
        window.close()
    return bool(asked)


def say(line: dict[str, Any]) -> None:
    """Print what the recorder has to say."""
    if line["event"] == "problem":
        echo(line["message"], err=True)
    else:
        where = f"{line['role']} {line.get('stream', '')}".rstrip()
        echo(f"{line['kind']}: {where}: {line.get('message', '')}", err=True)


def await_end(recorder: RecorderProcess) -> None:
    """Wait until the recorder ends by itself; Ctrl+C ends it."""
    try:
        recorder.wait()
    except KeyboardInterrupt:
        recorder.stop()
        recorder.wait()


def known_people(
    references: Sequence[Path], session_file: Path, scaling: Literal["person", "anchored"] = "person"
) -> People | None:
    """Read references of persons before anything is recorded; one that fits nobody here is refused.

    Raises
    ------
    SessionError
        If a file is no reference, or holds none of anybody in this session.
    """
    if not references:
        return None
    from processing.arousal.person import for_roles, read_people
    from processing.config import PipelineConfig

    people = read_people(references, PipelineConfig().arousal, scaling)
    for_roles(people, load_session(session_file), session_file)
    return people


def say_left(path: Path, left: Left) -> None:
    """Print how a recording was left."""
    words = {
        "kept": "goes on without a window; attune view shows it again, attune stop ends it",
        "again": "ended by itself; attune verify says how whole it is. A new recording begins",
        "ended": "closed",
        "discarded": "stopped; it is erased now",
    }
    echo(f"{path}: {words[left]}")


def erase(path: Path) -> None:
    """Erase a recording that has ended, and print what stays."""
    from viewer.live.discarding import discard

    for certificate in discard(path):
        echo(f"erased, as {certificate} says")


def watch(
    path: Path,
    recorder: RecorderProcess,
    *,
    until_end: bool = False,
    keeps: bool = True,
    again: bool = False,
    people: People | None = None,
) -> Left:
    """Show the window until it is closed, or with `until_end` until the recorder has ended.

    Parameters
    ----------
    keeps : bool
        Whether the recording may go on when the window is closed.
    again : bool
        Whether another recording may be begun from the window when this one ended by itself.
    """
    from PySide6.QtCore import QTimer

    from viewer.live.ending import ask_closing
    from viewer.opened import open_window
    from viewer.window import application

    app = application()

    def leave() -> None:
        # Not `quit`: that closes the windows first, and closing this one would ask.
        app.exit(0)

    timer = QTimer()
    timer.timeout.connect(lambda: None if recorder.running else leave())
    with quitting_on_ctrl_c(app):
        window = open_window(path, control=Client.find(path), people=people)
        window.asks = lambda: ask_closing(window, keeps=keeps)
        if keeps and window.desk is not None:

            def erase_it() -> None:
                window.closing = "discard"
                leave()

            window.desk.questions.discards = erase_it
        if again:
            window.begin_again = leave
        if until_end:
            timer.start(500)
        app.exec()
        timer.stop()
        window.asks = None
        window.close()
    if window.wants_another:
        return "again"
    if window.closing == "keep" and recorder.running:
        recorder.let_go()
        return "kept"
    recorder.stop()
    if window.closing == "discard":
        with contextlib.suppress(RecordingError):  # however it ended, it is to go
            recorder.wait()
        return "discarded"
    recorder.wait()
    return "ended"


@contextlib.contextmanager
def quitting_on_ctrl_c(app: Any) -> Iterator[None]:
    """Let Ctrl+C close the window: Qt's loop must come back to Python now and then to notice it."""
    import signal

    from PySide6.QtCore import QTimer

    before = signal.signal(signal.SIGINT, lambda *_: app.exit(0))
    timer = QTimer()
    timer.timeout.connect(lambda: None)
    timer.start(200)
    try:
        yield
    finally:
        timer.stop()
        signal.signal(signal.SIGINT, before)
