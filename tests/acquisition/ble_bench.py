"""A bench of emulated wearables in virtual time: driver, recorder and faults, an hour in a minute."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from acquisition.drivers import Driver
from acquisition.drivers.ble_radio import Radio
from acquisition.drivers.table import opener
from acquisition.emulated.bumble_radio import Air
from acquisition.emulated.virtual_time import VirtualRunner, VirtualStop
from acquisition.event import Notice
from acquisition.recorder.begin import record
from acquisition.recorder.listener import Listener
from acquisition.recorder.recorder import Outcome
from acquisition.session.session import Session, permitted
from acquisition.session.toml import parse_session
from acquisition.stream import Chunk, FloatArray

HEAD = """\
[session]
id = "ble"
crisis_contact = "nobody: emulated devices"
[client]
code = "C01"
consent = { version = "t", ecg = true, eda = true, acc = true, resp = true }
[therapist]
code = "T01"
consent = { version = "t", ecg = true, eda = true, acc = true, resp = true }
"""


def device(profile: str, *, role: str = "client", **more: Any) -> str:
    """Return a device table."""
    lines = [f"{k} = {_toml(v)}" for k, v in {"role": role, "profile": profile, **more}.items()]
    return "[[device]]\n" + "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {_toml(v)}" for k, v in value.items()) + " }"
    return f'"{value}"' if isinstance(value, str) else str(value).lower()


def session_text(*devices: str) -> str:
    """Return a session file with these devices."""
    return HEAD + "".join(devices)


def session_of(*devices: str, base: Path | None = None) -> Session:
    """Return a session with these devices."""
    return parse_session(session_text(*devices), "session.toml", base)


class Bench:
    """Virtual time, an air, and a radio on it."""

    def __init__(self, start: float = 1000.0) -> None:
        self.runner = VirtualRunner(start)
        self.air = Air()
        self.radio: Radio = self.air.radio(self.runner)
        self.items: list[Any] = []

    def do(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine to its end, in virtual time."""
        return self.runner.loop.run_until_complete(coroutine)

    def put(self, *wearables: Any) -> None:
        """Put wearables on the air."""

        async def start() -> None:
            for wearable in wearables:
                await wearable.start()

        self.do(start())

    def drop_outs(self, wearable: Any, moments: Sequence[tuple[float, float]]) -> None:
        """Let a wearable go out of range while time passes: when on the clock of the bench, how long [s]."""

        async def leave() -> None:
            for at, seconds in moments:
                await asyncio.sleep(max(0.0, at - self.runner.clock()))
                await wearable.body.leave()
                await asyncio.sleep(seconds)
                await wearable.body.come_back()

        self.runner.submit(leave())

    def driver(self, session: Session) -> Driver:
        """Return the driver of a session's devices, which are all of one kind."""
        devices, _ = permitted(session)
        assert devices[0].definition is not None
        open_driver: Any = opener(devices[0].definition.driver)
        made: Driver = open_driver(devices, session, radio=self.radio, clock=self.runner.clock)
        return made

    def drivers(self, session: Session) -> list[Driver]:
        """Return the drivers of a session."""
        groups: dict[str, list[Any]] = {}
        for d in permitted(session)[0]:
            assert d.definition is not None
            groups.setdefault(d.definition.driver, []).append(d)
        made = []
        for name, group in groups.items():
            open_driver: Any = opener(name)
            made.append(open_driver(group, session, radio=self.radio, clock=self.runner.clock))
        return made

    def run(self, driver: Driver, seconds: float) -> None:
        """Let time pass, and drain as a recorder does."""
        end = self.runner.clock() + seconds
        while self.runner.clock() < end:
            self.runner.run(0.1)
            self.items += driver.drain()

    def until(self, driver: Driver, condition: Callable[[], bool], seconds: float = 60.0) -> None:
        """Let time pass until something holds."""
        end = self.runner.clock() + seconds
        while not condition():
            assert self.runner.clock() < end, "not within the deadline"
            self.run(driver, 0.1)

    def stop(self, driver: Driver) -> None:
        """Stop a driver and take what is left."""
        driver.stop()
        self.items += driver.drain()

    def close(self) -> None:
        """End the loop."""
        self.runner.close()

    def record(
        self, session: Session, parent: Path, seconds: float, listener: Listener | None = None
    ) -> Outcome:
        """Record with the real recorder."""
        return record(
            session,
            parent,
            seconds=seconds,
            drivers=self.drivers(session),
            clock=self.runner.clock,
            wall=lambda: 1_700_000_000.0 + self.runner.clock(),
            stop=VirtualStop(self.runner),
            listener=listener,
        )

    def samples(self, name: str) -> tuple[FloatArray, FloatArray]:
        """Return stamps and samples of a stream."""
        chunks = [i for i in self.items if isinstance(i, Chunk) and i.info.name == name]
        if not chunks:
            return np.empty(0), np.empty((0, 1))
        return np.concatenate([c.times for c in chunks]), np.concatenate([c.samples for c in chunks])

    def notices(self, kind: str = "", stream: str = "") -> list[Notice]:
        """Return what was told."""
        return [
            i
            for i in self.items
            if isinstance(i, Notice) and (not kind or i.kind == kind) and (not stream or i.stream == stream)
        ]
