"""An event loop whose time runs as fast as there is work: an hour of radio in a minute, always the same."""

from __future__ import annotations

import asyncio
import selectors
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any


class _Selector(selectors.SelectSelector):
    """Advance the time instead of waiting."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready now; if nothing is, the time of the next timer has come."""
        events = super().select(0)
        if not events and timeout is None:
            raise RuntimeError("a virtual loop has nothing left to wait for")
        if not events and timeout:
            self.loop.now += timeout
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop with a clock of its own; `now` is its time [s]."""

    def __init__(self, start: float = 0.0) -> None:
        self.now = start
        selector = _Selector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        """Return the virtual time [s]."""
        return self.now


class VirtualRunner:
    """Run coroutines on a virtual loop, in the thread that waits; a `Runner` of `ble_radio`."""

    def __init__(self, start: float = 0.0) -> None:
        self.loop = VirtualLoop(start)

    def clock(self) -> float:
        """Return the virtual time [s]."""
        return self.loop.time()

    def run(self, seconds: float) -> None:
        """Let so much virtual time pass."""
        self.loop.run_until_complete(asyncio.sleep(seconds))

    def submit(self, coroutine: Coroutine[Any, Any, Any]) -> Future[Any]:
        """Begin a coroutine; it goes on whenever time passes."""
        future: Future[Any] = Future()

        async def run() -> None:
            try:
                future.set_result(await coroutine)
            except asyncio.CancelledError:
                future.cancel()
                raise
            except Exception as error:  # the caller of the future is to get it, whatever it is
                future.set_exception(error)

        task = self.loop.create_task(run())
        self._tasks = {t for t in getattr(self, "_tasks", set()) if not t.done()} | {task}
        return future

    def finish(self, future: Future[Any], seconds: float) -> None:
        """Let time pass until a coroutine is done, but no longer than so."""
        end = self.clock() + seconds
        while not future.done() and self.clock() < end:
            self.run(0.05)
        if future.done():
            future.result()

    def close(self) -> None:
        """End everything."""
        tasks = asyncio.all_tasks(self.loop)
        for task in tasks:
            task.cancel()
        if tasks:
            self.loop.run_until_complete(asyncio.wait(tasks))
        self.loop.close()


class VirtualStop(threading.Event):
    """An event whose waits let virtual time pass, so that a recorder's cycles drive the radio."""

    def __init__(self, runner: VirtualRunner) -> None:
        super().__init__()
        self._runner = runner

    def wait(self, timeout: float | None = None) -> bool:
        """Let `timeout` seconds of virtual time pass."""
        if not self.is_set():
            self._runner.run(timeout or 0.0)
        return self.is_set()
