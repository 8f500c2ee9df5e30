"""Open the operator's window on a recording, growing or finished."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from acquisition.errors import RecordingError
from processing.arousal.person import People
from viewer import settings as persistence
from viewer.model.marking import Recorder
from viewer.opening import Followed
from viewer.review.reviewing import Reviewing
from viewer.status.altered import watch_altered
from viewer.window import OperatorWindow, application
from viewer.worker import Bare, Worker

if TYPE_CHECKING:
    from processing.config import PipelineConfig


def open_window(
    recording_path: Path | str,
    *,
    control: Recorder | None = None,
    follow: bool = True,
    rater: str = "",
    editor: str = "",
    people: People | None = None,
    config: PipelineConfig | None = None,
) -> OperatorWindow:
    """Open the operator's window on a recording, growing or finished, and show it.

    Parameters
    ----------
    control : Recorder, optional
        Of the recorder that writes it; without one nothing can be marked.
    follow : bool
        Whether to go on reading while it grows.
    rater : str
        Code of a rater who codes blind: of a finished recording they see neither data nor what others marked.
    editor : str
        Code of whoever corrects beats of a finished recording: the window opens there.
    people : People, optional
        References of persons, in place of this session's baselines.
    config : PipelineConfig, optional
        What the correction editor computes RMSSD and responses with.

    Raises
    ------
    RecordingError
        If there is no recording at the path, or if a blind rater, or whoever corrects beats, asks for one
        that still grows.
    """
    from acquisition.lsl.clock import local_clock
    from viewer.model.blind import BlindFeed, blind_model, blind_push
    from viewer.opening import SHORT, codes_of, feed, new_model, new_push

    application()
    path = Path(recording_path)
    source = feed(path, follow=follow)
    if editor and source.state == "growing":
        raise RecordingError(f"{path}: still grows; beats are corrected in a finished recording")
    model = blind_model(source) if rater else new_model(source, people)

    def computing(source: Followed, *, anew: bool = False) -> Worker:
        return Worker(source, lambda: new_push(source, people), indices_only=anew)

    if rater:
        worker = Worker(BlindFeed(source), lambda: Bare(blind_push))
    elif source.over:
        source.n_ticks = SHORT
        worker = Worker(source, lambda: Bare(lambda batch: []))
    else:
        worker = computing(source)
    window = OperatorWindow(
        model,
        worker,
        control=control,
        codes=codes_of(model.facts),
        path=path,
        now=local_clock,
        kept=persistence.store(),
        profiles=lambda profile: codes_of(model.facts, profile),
        reviewing=Reviewing(path, rater=rater, editor=editor, config=config),
        compute=None if rater else lambda: computing(feed(path, follow=follow), anew=True),
        read_first=source.over and not rater,
    )
    window.beside.opens_video = bool(rater)
    window.show()
    window.start()

    def tell(words: str) -> None:
        window.fault = window.fault or words  # what stopped the screen is said before it

    watch_altered(path, tell)
    return window
