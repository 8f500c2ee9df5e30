"""The page of a rating as a picture, with or without a display."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from acquisition.private import only_for_owner
from acquisition.ratings.files import Sitting
from viewer.desktop import draw_offscreen, has_display
from viewer.rating.shown import Hour

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget


def save(png: Path, sitting: Sitting, hour: Hour, start: float, theme: str = "dark") -> None:
    """Draw the page as it stands some seconds into a sitting, and write the picture.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    if not has_display():
        draw_offscreen()
    from viewer.rating.page import RatingPage
    from viewer.rating.run import COUNTDOWN, Run
    from viewer.rating.scale import Scale
    from viewer.theme import THEMES
    from viewer.window import application

    app = application()
    scale = Scale(len(sitting.axes), bounded=sitting.bounded)
    run = Run(scale, lambda *_: None, start, hour.end)
    page = RatingPage(run, sitting.axes, hour, THEMES[theme])
    page.resize(1100, 640)
    run.begin(0.0)
    for k in range(400):
        now = COUNTDOWN + 0.05 * k
        for axis in range(len(sitting.axes)):
            scale.put(axis, 0.55 * math.sin(now / 3.0 + axis))
        run.changed(now)
        run.look(now)
        page.show_now(now)
    app.processEvents()
    grabbed(page, png)


def grabbed(page: QWidget, png: Path) -> None:
    """Write what a page shows.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    if not page.grab().save(str(png), "PNG"):
        raise OSError(f"{png}: the picture cannot be written")
    only_for_owner(png)
