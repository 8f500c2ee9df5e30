"""What LSL costs here: an inlet driver on eight streams, and a recording's import.

    python benchmarks/lsl.py [SECONDS]

A child process sends 2 × 1000 Hz, 2 × 130 Hz, 2 × 4 Hz and 2 marker streams; this one drains them in cycles.
Latency is from a sample's stamp to the drain that delivered it.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("ATTUNEMENT_LSL_SESSION", f"benchmark-{os.getpid()}")

import pylsl

from acquisition.drivers.lsl import LslDriver
from acquisition.importing.files import import_files
from acquisition.lsl.binding import Binding
from acquisition.lsl.network import configure
from acquisition.lsl.outlet import Announcement, Outlet
from acquisition.stream import Chunk, Modality, Role

KINDS = (
    (Modality.ECG, 1000.0, "float32", "mV"),
    (Modality.RESP, 130.0, "int32", ""),
    (Modality.EDA, 4.0, "float32", "uS"),
    (Modality.MARKERS, 0.0, "string", ""),
)
CYCLE = 0.1


def send() -> None:
    """Send the eight streams until killed."""
    configure()
    outlets = [
        Outlet(
            Announcement(
                name=f"{role} {kind}",
                type=kind.value,
                sfreq=sfreq,
                format=form,
                labels=(kind.value,),
                units=(unit,),
                source_id=f"bench-{role}-{kind}",
            )
        )
        for role in (Role.CLIENT, Role.THERAPIST)
        for kind, sfreq, form, unit in KINDS
    ]
    begin, sent = pylsl.local_clock(), [0] * len(outlets)
    while True:
        now = pylsl.local_clock() - begin
        for i, out in enumerate(outlets):
            text = out.announcement.format == "string"
            rate = out.announcement.sfreq or 2.0
            numbers = np.arange(sent[i], int(now * rate))
            values = np.array([f'{{"i": {k}}}' for k in numbers], object) if text else numbers
            out.push(begin + numbers / rate, values[:, np.newaxis])
            sent[i] += len(numbers)
        time.sleep(0.02)


def receive(seconds: float) -> dict[str, Any]:
    """Drain for some seconds; return costs, latency and losses."""
    child = subprocess.Popen([sys.executable, __file__, "send"])
    bindings = [
        Binding(place=f"{role} {kind}", role=role, modality=kind, source_id=f"bench-{role}-{kind}", unit=unit)
        for role in (Role.CLIENT, Role.THERAPIST)
        for kind, _, _, unit in KINDS
    ]
    driver = LslDriver(bindings)
    try:
        driver.start()
        found = _await(driver)
        return found | _drained(driver, seconds)
    finally:
        driver.stop()
        child.kill()
        child.wait()


def _await(driver: LslDriver) -> dict[str, Any]:
    began = time.monotonic()
    while not driver.ready():
        if time.monotonic() - began > 15:
            raise SystemExit("\n".join(driver.missing()))
        time.sleep(0.02)
    ready = time.monotonic() - began
    held = {info.name for info in driver.streams()}
    while held:
        held -= {item.info.name for item in driver.drain() if isinstance(item, Chunk)}
        time.sleep(0.02)
    return {"open_s": round(ready, 2), "first_sample_of_all_s": round(time.monotonic() - began, 2)}


def _drained(driver: LslDriver, seconds: float) -> dict[str, Any]:
    ages: list[float] = []
    values: dict[str, list[Any]] = {}
    cpu, began, cycles = time.process_time(), pylsl.local_clock(), 0
    drains = []
    while pylsl.local_clock() - began < seconds:
        before = time.perf_counter()
        items = driver.drain()
        drains.append(time.perf_counter() - before)
        for item in items:
            if isinstance(item, Chunk) and item.info.modality is Modality.ECG:
                ages.append(pylsl.local_clock() - float(item.times[-1]))
                values.setdefault(item.info.name, []).append(item.samples[:, 0])
        cycles += 1
        time.sleep(max(0.0, began + cycles * CYCLE - pylsl.local_clock()))
    cost = (time.process_time() - cpu) / (pylsl.local_clock() - began)
    lost = sum(int(np.sum(np.diff(np.concatenate(parts)) - 1)) for parts in values.values())
    return {
        "cpu_percent_of_core": round(100 * cost, 2),
        "newest_ecg_sample_ms_p50_p99": np.round(1e3 * np.percentile(ages, [50, 99]), 1).tolist(),
        "drain_ms_p50_p99_max": np.round(1e3 * np.quantile(drains, [0.5, 0.99, 1.0]), 2).tolist(),
        "ecg_samples_lost": lost,
        "rss_MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def imported() -> dict[str, Any]:
    """Import an hour of ECG at 1000 Hz from .csv and .npz; return CPU seconds."""
    costs = {}
    with tempfile.TemporaryDirectory() as folder:
        ecg = np.sin(np.arange(3_600_000) / 143).astype(np.float32)
        np.savez(Path(folder, "a.npz"), ecg=ecg)
        table = np.column_stack([np.arange(len(ecg)) / 1000, ecg])
        np.savetxt(Path(folder, "a.csv"), table, fmt="%.3f,%.5f", header="t,ecg", comments="")
        for name, time_column in (("a.npz", None), ("a.csv", "t")):
            cpu = time.process_time()
            out = Path(folder, name.replace(".", "-"))
            import_files([Path(folder, name)], ["client:ecg:mV:1000=ecg"], time_column=time_column, out=out)
            costs[f"import_1h_1000Hz_{name[2:]}_cpu_s"] = round(time.process_time() - cpu, 2)
    return costs


if __name__ == "__main__":
    if sys.argv[1:] == ["send"]:
        send()
    else:
        print(json.dumps(receive(float(sys.argv[1]) if len(sys.argv) > 1 else 30.0) | imported()))
