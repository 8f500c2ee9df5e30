"""Feeding: takes what the worker read into the model, and then, of a recording that is over, its indices."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from acquisition.batch import Batch
from processing.arousal.baseline import CODES
from viewer.model.model import SessionModel
from viewer.worker import Again, Ended, Worker

LATE, QUIET = 3.0, 2.0
"""What was recorded longer ago than this, and still comes in, is caught up with [s]; how long nothing comes
while it does [s]."""


def marked_baselines(model: SessionModel) -> tuple[object, ...]:
    """Return the baselines that hold, later edits applied."""
    spans = model.marked().spans
    return tuple(
        (s.code, s.actor, s.start, s.stop) for s in spans if s.code in CODES and not math.isnan(s.stop)
    )


class Feeding:
    """Feed a model from a worker.

    A recording that is over is read first, so that the whole hour is there at once, and computed then.

    Parameters
    ----------
    worker : Worker or None
        Without one the model is shown as it is.
    compute : callable or None
        Returns a worker that reads the recording anew and computes; None where the first one computes.
    heard : callable
        Is told of each batch.
    """

    def __init__(
        self,
        model: SessionModel,
        worker: Worker | None,
        compute: Callable[[], Worker] | None,
        heard: Callable[[Batch], None],
    ) -> None:
        self._model, self._compute, self._heard = model, compute, heard
        self.worker = worker
        self.share = math.nan
        """How much was read, or computed, 0-1; nan where nothing is to be waited for."""
        self.computing = False
        """Whether only indices are taken in now."""
        self._came = -math.inf
        self.baselines: tuple[object, ...] | None = None
        """What the indices were computed with; None while that is what was recorded."""

    def start(self) -> None:
        """Begin to read."""
        if self.worker is not None:
            self.worker.start()

    def take(self, budget: float) -> tuple[bool, Ended | Again | None]:
        """Feed the model for at most so many seconds; return whether there was anything, and what ended it.

        That is the end, told once, when all was read; or that all comes once more, of other people.
        """
        begun, fresh = time.perf_counter(), False
        self._model.catching = self._model.catching and begun - self._came < QUIET
        for item in self.worker.take() if self.worker is not None else ():
            if isinstance(item, Ended):
                self.share = math.nan
                if not self.computing:
                    return fresh, item
                self.computing = False
                self.close()
                self.worker = None  # with the pipeline, which is large
                if item.error:
                    return True, item
                return True, None
            if isinstance(item, Again):
                self._model.begin_again(item.streams, item.epochs)
                return True, item
            self.share = item.share
            if item.batch is not None:
                self._model.expect(item.streams)
                self._model.add_batch(item.batch)
                self._heard(item.batch)
                self._came = begun
                growing = self._model.state == "growing"
                self._model.catching = growing and time.time() - self._model.wall > LATE
            self._model.add_samples(item.samples)
            self._model.verdicts = item.verdicts or self._model.verdicts
            fresh = True
            if time.perf_counter() - begun > budget:
                break
        return fresh, None

    @property
    def loading(self) -> bool:
        """Tell whether a recording that is over is still being read."""
        return math.isfinite(self.share) and not self.computing

    @property
    def text(self) -> str:
        """Say what is waited for, and how far it is; "" where nothing is."""
        if math.isnan(self.share):
            return ""
        return f"{'computing' if self.computing else 'loading'} {100 * self.share:.0f} %"

    @property
    def can_compute(self) -> bool:
        """Tell whether indices can be computed anew."""
        return self._compute is not None

    @property
    def stale(self) -> bool:
        """Tell whether baselines were changed in the review since the indices were computed."""
        if self.baselines is None or self.computing or not self.can_compute:
            return False
        return self.baselines != marked_baselines(self._model)

    def settle(self) -> None:
        """Note the baselines that the indices are computed with, which are those that hold now."""
        self.baselines = marked_baselines(self._model)

    def compute(self) -> None:
        """Compute the indices anew, with the baselines that hold now."""
        if self._compute is None:
            return
        self.close()
        self._model.forget_indices()
        self.worker, self.computing, self.share = self._compute(), True, 0.0
        self.worker.start()

    def close(self) -> None:
        """Stop reading."""
        if self.worker is not None:
            self.worker.close()
