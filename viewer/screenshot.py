"""Screenshot: the operator's window as a PNG, with or without a display."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from acquisition.private import only_for_owner
from viewer.desktop import draw_offscreen, has_display
from viewer.model.blind import blind_filled
from viewer.model.model import SessionModel

if TYPE_CHECKING:
    from processing.config import PipelineConfig


def save(
    recording_path_or_model: Path | str | SessionModel,
    png: Path | str,
    size: tuple[int, int] = (1600, 950),
    theme: str = "dark",
    seconds: float = 60.0,
    rater: str = "",
    editor: str = "",
    config: PipelineConfig | None = None,
) -> Path:
    """Draw a recording, or a model that was filled already, and write the picture.

    Parameters
    ----------
    size : (width, height)
        Pixels.
    theme : str
        dark or light.
    seconds : float
        Length of the time axis; one of `viewer.model.page.WINDOWS`.
    rater : str
        Code of a blind rater, to draw what they see.
    editor : str
        Code of whoever corrects beats, to draw the correction editor.
    config : PipelineConfig, optional
        What that computes RMSSD and responses with.

    Returns
    -------
    Path
        Where the picture is.
    """
    if not has_display():
        draw_offscreen()
    from viewer import settings as persistence
    from viewer.opening import codes_of, filled
    from viewer.review.reviewing import Reviewing
    from viewer.status.altered import altered_words
    from viewer.window import OperatorWindow, application

    given = recording_path_or_model
    model = given if isinstance(given, SessionModel) else (blind_filled if rater else filled)(Path(given))
    path = None if isinstance(given, SessionModel) else Path(given)
    app = application()
    with tempfile.TemporaryDirectory() as folder:
        kept = persistence.store(Path(folder) / "settings.ini")
        persistence.save(kept, persistence.Settings(theme=theme, seconds=seconds))
        window = OperatorWindow(
            model,
            None,
            control=None,
            codes=codes_of(model.facts),
            path=path,
            now=lambda: model.now,
            kept=kept,
            reviewing=None if path is None else Reviewing(path, rater=rater, editor=editor, config=config),
        )
        window.fault = "" if path is None else altered_words(path)
        window.resize(*size)
        window.show()
        app.processEvents()
        window.draw_all()
        if window.reviewing is not None and window.reviewing.beats is not None:
            window.reviewing.beats.wait()
        app.processEvents()
        picture = window.grab()
        window.close()
    if not picture.save(str(png)):
        raise OSError(f"{png}: the picture cannot be written")
    only_for_owner(Path(png))
    return Path(png)
