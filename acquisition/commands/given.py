"""What a command is given: where to write, which is never among a recording's files, and finite numbers."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import click

from acquisition.recording.contents import recording_around


class OutputPath(click.Path):
    """Take a path that is written; one in a recording is wrong usage, before anything is done.

    What lands among a recording's files is in no manifest, and under the name of one it takes its place.

    Parameters
    ----------
    new : bool
        What is written is a recording: the path may be one already, which the work itself then refuses.
    """

    def __init__(self, *, new: bool = False, **kwargs: Any) -> None:
        super().__init__(path_type=Path, **kwargs)
        self._new = new

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:
        """Return the path, or fail where it lies in a recording."""
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        if (around := recording_around(path.absolute().parent if self._new else path)) is not None:
            self.fail(
                f"{path} is the recording {around}, or lies in it: nothing is written among its files; name "
                "a place outside",
                param,
                ctx,
            )
        return path


class FiniteRange(click.FloatRange):
    """Take a number within limits, where nan is none, and infinity only where there is no end to it."""

    name = "number"

    def __init__(self, *args: Any, endless: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._endless = endless

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number, or fail: nan is within any limits by the comparisons of a range."""
        number = super().convert(value, param, ctx)
        if math.isnan(number) or (math.isinf(number) and not self._endless):
            self.fail(f"{value} is no number{'' if self._endless else ' with an end'}", param, ctx)
        return number
