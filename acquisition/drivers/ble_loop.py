"""Where the coroutines of Bluetooth run: one event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, Protocol

CLOSING = 5.0
"""Seconds that what still runs may take to end."""


class Runner(Protocol):
    """Run coroutines somewhere."""

    def submit(self, coroutine: Coroutine[Any, Any, Any]) -> Future[Any]:
        """Begin a coroutine."""

    def finish(self, future: Future[Any], seconds: float) -> None:
        """Wait for one that was begun, but no longer than so."""

    def close(self) -> None:
        """End the loop."""


class LoopThread:
    """Run an event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="ble", daemon=True)
        self._thread.start()

    def submit(self, coroutine: Coroutine[Any, Any, Any]) -> Future[Any]:
        """Begin a coroutine on the loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def finish(self, future: Future[Any], seconds: float) -> None:
        """Wait for a coroutine; one that takes longer is left alone."""
        try:
            future.result(seconds)
        except TimeoutError:
            future.cancel()

    def close(self) -> None:
        """End what still runs, then the loop and its thread."""
        self.finish(self.submit(_cancel_all()), CLOSING)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CLOSING)
        if not self._thread.is_alive():
            self._loop.close()


async def _cancel_all() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
