"""The simulated dyad as a driver: two people with known truth, in real time. One driver serves both roles."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from acquisition.drivers import Drained, SignsOf
from acquisition.errors import DeviceError
from acquisition.lsl.clock import local_clock
from acquisition.session.profile import ProfileStream
from acquisition.session.session import Device, Session
from acquisition.session.toml_table import Scalar
from acquisition.simulation.dyad import Dyad, Feed, completed, simulated_streams
from acquisition.simulation.hard import SHOWN, hard_script
from acquisition.simulation.past import Store, write_past
from acquisition.simulation.script import PAST, Script
from acquisition.stream import PEOPLE, Modality, Role, StreamInfo

SETTINGS = ("seed", "past", "age", "hour")
_UNITS = {Modality.ECG: "mV", Modality.EDA: "uS", Modality.RESP: "", Modality.VOICE: ""}


def open_driver(
    devices: Sequence[Device], session: Session, *, clock: Callable[[], float] = local_clock
) -> SimulatedDriver:
    """Return the driver of all simulated people of a session.

    Settings of a device or its profile: `seed`, a whole number, the same for both people (1 if neither says);
    `past`, true to send nothing before `SimulatedDriver.write_past` was called; `age`, how old the session is
    then [s], twelve minutes or more; `hour`, "hard" or "easy" for one of another course than the shipped one
    (`acquisition.simulation.hard`), again the same for both.

    Raises
    ------
    DeviceError
        On a setting or stream that cannot be simulated.
    """
    settings = [_settings(d) for d in devices]
    seed, hour = (_of_both(settings, name) for name in ("seed", "hour"))
    infos = tuple(_info(d, s) for d in devices if d.definition for s in d.definition.streams)
    names = [i.key for i in infos]
    if twice := sorted({f"{r} {n}" for r, n in names if names.count((r, n)) > 1}):
        raise DeviceError(f"simulated: stream {twice[0]} twice: one simulated device a person")
    past = any(bool(s.get("past")) for s in settings)
    age = max((float(s["age"]) for s in settings if "age" in s), default=PAST)
    return SimulatedDriver(
        seed=1 if seed is None else int(seed),
        infos=infos,
        clock=clock,
        past=past,
        age=age,
        hour=str(hour or ""),
    )


class SimulatedDriver:
    """Deliver what two simulated people send, on time; no thread is needed.

    Parameters
    ----------
    seed : int
        Which dyad; everything follows from it and from the moment of the start.
    infos : sequence of StreamInfo, optional
        What to send; see `acquisition.simulation.dyad.simulated_streams`.
    clock : callable
        LSL clock [s].
    past : bool
        Send nothing before `write_past` was called.
    age : float
        How much it writes [s], at least what the script has before its live part.
    hour : str
        Name of another course than the shipped one.
    """

    def __init__(
        self,
        *,
        seed: int,
        infos: Sequence[StreamInfo] | None = None,
        clock: Callable[[], float] = local_clock,
        past: bool = False,
        age: float = PAST,
        hour: str = "",
    ) -> None:
        script = hard_script(seed, SHOWN[hour]) if hour else Script(seed)
        self.dyad = Dyad(script, tuple(simulated_streams() if infos is None else infos))
        self.start_time = math.nan
        """Moment at which the script's time is 0 [s, LSL clock]; nan before it is known."""
        self._clock, self._past, self._begun = clock, past, age - PAST
        self._feed: Feed | None = None
        self._end = math.inf

    def streams(self) -> list[StreamInfo]:
        """Return the streams of both people."""
        return list(self.dyad.infos)

    def ready(self) -> bool:
        """Return true: nothing needs to be found."""
        return True

    def missing(self) -> list[str]:
        """Return nothing: all is there."""
        return []

    def signs(self) -> SignsOf:
        """Return nothing: nothing has a battery."""
        return {}

    def start(self) -> None:
        """Begin the live part now, unless a past is to be written first."""
        if not self._past and self._feed is None:
            self.start_time = self._clock()
            self._feed = Feed(self.dyad, self.start_time)
            self._feed.take(self.start_time)

    def write_past(self, store: Store, *, wall: float) -> float:
        """Write what happened until now into a recording without slices; the live part follows on.

        Parameters
        ----------
        wall : float
            Wall time now [s since 1970].

        Returns
        -------
        float
            LSL time at which the live part started [s]; what is written reaches beyond it, up to this moment.
        """
        self.start_time = self._clock() - self._begun
        wall -= self._begun
        self._feed = write_past(store, self.dyad, self.start_time, wall=wall, now=self._clock)
        return self.start_time

    def drain(self) -> list[Drained]:
        """Return what is stamped up to now and was not yet returned."""
        if self._feed is None:
            return []
        return [*self._feed.take(min(self._clock(), self._end))]

    def stop(self) -> None:
        """End at this moment; what was sent until now can still be drained."""
        self._end = min(self._end, self._clock())


def _of_both(settings: Sequence[Mapping[str, Scalar]], name: str) -> Scalar | None:
    """Return a setting that is the same for both people; None if neither says it.

    Raises
    ------
    DeviceError
        If they differ.
    """
    said = {s[name] for s in settings if name in s}
    if len(said) > 1:
        both = ", ".join(sorted(map(str, said)))
        raise DeviceError(f"simulated: {name} = {both}: must be the same for both people")
    return said.pop() if said else None


def _settings(device: Device) -> dict[str, Scalar]:
    settings = {**(device.definition.settings if device.definition else {}), **device.settings}
    for key, value in settings.items():
        if key not in SETTINGS:
            raise DeviceError(f"{device.title}: no setting {key!r} (known: {', '.join(SETTINGS)})")
        if key == "seed" and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
            raise DeviceError(f"{device.title}: seed = {value!r}: must be a whole number, not negative")
        if key == "age" and (isinstance(value, bool) or not isinstance(value, int | float) or value < PAST):
            raise DeviceError(f"{device.title}: age = {value!r}: must be a number of seconds from {PAST:g}")
        if key == "past" and not isinstance(value, bool):
            raise DeviceError(f"{device.title}: past = {value!r}: must be true or false")
        if key == "hour" and value not in SHOWN:
            raise DeviceError(f"{device.title}: hour = {value!r}: must be one of {', '.join(SHOWN)}")
    return settings


def _info(device: Device, stream: ProfileStream) -> StreamInfo:
    """Return the stream a profile asks for.

    Raises
    ------
    DeviceError
        If nothing of the kind is simulated.
    """
    where = f"{device.title}: stream {stream.name or stream.modality}"
    if device.role not in PEOPLE:
        raise DeviceError(f"{where}: role {device.role} is not simulated (known: {', '.join(PEOPLE)})")
    if stream.modality not in _UNITS:
        raise DeviceError(f"{where}: {stream.modality} is not simulated (known: {', '.join(_UNITS)})")
    unit = _UNITS[stream.modality]
    if stream.unit not in ("", unit):
        raise DeviceError(f"{where}: unit {stream.unit!r} is not simulated (known: {unit or 'none'})")
    regular = stream.modality is not Modality.VOICE
    if regular and not stream.sfreq > 0:
        raise DeviceError(f"{where}: sfreq = {stream.sfreq:g}: must be the rate to simulate [Hz]")
    info = StreamInfo(
        name=stream.name or str(stream.modality),
        role=Role(device.role),
        modality=stream.modality,
        sfreq=stream.sfreq if regular else 0.0,
        unit=unit,
        channels=stream.channels,
        lateness=device.definition.latency if device.definition else math.nan,
        exact=regular,
        source_id=device.source_id,
        device=device.profile,
    )
    return completed(info)
