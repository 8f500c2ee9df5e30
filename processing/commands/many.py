"""Process one recording or several: here, or in processes of their own."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from acquisition.errors import AttunementError
from acquisition.terminal import progressing
from acquisition.text import printable
from processing.arousal.person import NOBODY, People
from processing.commands.process import Outcome, process_recording
from processing.config import PipelineConfig
from processing.results.collecting import seldom_collected

COLUMNS = (
    TextColumn("{task.description}"),
    BarColumn(),
    TextColumn("{task.fields[state]}"),
    TimeElapsedColumn(),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Say what is done with each recording; a call does it, in whatever process."""

    out: Path
    config: PipelineConfig
    people: People = NOBODY
    follow: bool = False
    force: bool = False
    report: bool = False
    cvxeda: bool = False
    accept_damage: bool = False
    corrections: str = ""
    plain: bool = False

    def __call__(
        self, path: Path, progress: Callable[[float], None] | None = None
    ) -> Outcome | AttunementError:
        """Process a recording; an error becomes a message, so that it can leave its process."""
        try:
            with seldom_collected():
                return process_recording(
                    path,
                    self.out,
                    config=self.config,
                    people=self.people,
                    follow=self.follow,
                    force=self.force,
                    report=self.report,
                    cvxeda=self.cvxeda,
                    accept_damage=self.accept_damage,
                    corrections=self.corrections,
                    plain=self.plain,
                    progress=progress,
                )
        except AttunementError as error:
            return AttunementError(str(error))
        except OSError as error:
            return AttunementError(f"{error.filename or path}: {error.strerror or error}")


def process_all(
    recordings: Sequence[Path], work: Work, jobs: int, *, quiet: bool
) -> Iterator[Outcome | AttunementError]:
    """Yield what came of each recording, in the order they were given; a bar shows how far it is."""
    if len(recordings) > 1:
        yield from _many(recordings, work, jobs, quiet=quiet)
        return
    with _shown(f"processing {recordings[0].name}", None, quiet) as shown:
        yield work(recordings[0], lambda seconds: shown(seconds, f"{seconds / 60:.1f} min of recording"))


def _many(
    recordings: Sequence[Path], work: Work, jobs: int, *, quiet: bool
) -> Iterator[Outcome | AttunementError]:
    """Process several recordings in processes of their own; results come in the order they were given."""
    pool = ProcessPoolExecutor(min(jobs, len(recordings)), initializer=_ignore_interrupts)
    try:
        # Before the bar is drawn: it has a thread, and a process with threads should not be copied.
        futures = [pool.submit(_in_process, work, path) for path in recordings]
        with _shown("recordings", len(recordings), quiet) as shown:
            for future in futures:
                future.add_done_callback(lambda _: shown(sum(f.done() for f in futures), ""))
            for path, future in zip(recordings, futures, strict=True):
                yield _result(path, future)
    finally:
        pool.shutdown(cancel_futures=True)


def _ignore_interrupts() -> None:
    """Let Ctrl+C between two recordings be the parent's: this process ends with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _in_process(work: Work, path: Path) -> Outcome | AttunementError:
    """Process a recording; Ctrl+C leaves nothing half done and takes no other recording from the queue."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return work(path)
    except KeyboardInterrupt:
        os._exit(130)
    finally:
        _ignore_interrupts()


def _result(path: Path, future: Future[Outcome | AttunementError]) -> Outcome | AttunementError:
    try:
        return future.result()
    except BrokenExecutor:
        return AttunementError(f"{path}: its process was ended from outside (out of memory?)")


@contextmanager
def _shown(text: str, total: int | None, quiet: bool) -> Iterator[Callable[[float, str], None]]:
    """Show how far it is: a bar on a terminal, plain lines elsewhere; the function takes what is done."""
    console = Console(stderr=True)
    if quiet:
        yield lambda done, said: None
    elif not console.is_terminal:
        with progressing(text) as say:
            of = "" if total is None else f" of {total} done"
            yield lambda done, said: say(f"{text}: {said or f'{done:.0f}{of}'}")
    else:
        with Progress(*COLUMNS, console=console, transient=True) as bar:
            task = bar.add_task(escape(printable(text)), total=total, state="")
            yield lambda done, said: bar.update(task, completed=done, state=said)
