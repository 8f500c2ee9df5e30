"""A network link that carries nothing for 20 s: a sender and a recorder on two machines, as name spaces.

    sudo python -m benchmarks.link_loss [--seconds 20] [--before 15] [--after 60]

Each side has a network and a host name of its own; a pair of virtual cables joins them. For so long each
sends to a hardware address that nobody has, so that no frame arrives and neither system is told. Every sample
that was sent is looked for in the recording, which ends when what was sent after the return has arrived.
Linux, with rights for name spaces; nothing outside is touched.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

SFREQ = 100.0
BEFORE, AFTER = 15.0, 60.0
NOWHERE = "02:00:00:00:00:99"
SESSION = """\
[session]
id = "link"
crisis_contact = "none"
[client]
code = "C01"
consent = {{ version = "t", ecg = true }}
[therapist]
code = "T01"
[[device]]
role = "client"
profile = "lsl_ecg"
source_id = "link-ecg"
[lsl]
scope = "link"
[recording]
directory = "{base}"
"""


def send(base: Path) -> None:
    """Send at 100 Hz from the other side, as soon as its cable is there, and write down every stamp."""
    while not (base / "cable").exists():
        time.sleep(0.05)
    from acquisition.lsl.clock import local_clock
    from acquisition.lsl.network import configure

    configure(scope="link")
    from acquisition.lsl.outlet import Announcement, Outlet

    said = {"name": "link ecg", "type": "ECG", "sfreq": SFREQ, "format": "double64", "source_id": "link-ecg"}
    out = Outlet(Announcement(labels=("ECG",), units=("mV",), **said))
    begin, sent = local_clock(), 0
    with (base / "sent").open("ab", buffering=0) as file:
        while True:
            due = int((local_clock() - begin) * SFREQ)
            times = begin + np.arange(sent, due) / SFREQ
            file.write(times.tobytes())
            out.push(times, np.sin(times)[:, np.newaxis])
            sent = due
            time.sleep(0.02)


def run(*words: str, where: int = 0) -> None:
    """Run a command here, or in the network of another process."""
    inside = ["nsenter", "-t", str(where), "-n"] if where else []
    subprocess.run([*inside, *words], check=True)


def cable(other: int) -> None:
    """Join the two networks."""
    for where in (0, other):  # LSL would find its streams over IPv6, which `cut` leaves alone
        run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", where=where)
        run("sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1", where=where)
    run("ip", "link", "add", "here", "type", "veth", "peer", "name", "there")
    run("ip", "link", "set", "there", "netns", str(other))
    for name, address, where in (("here", "10.9.0.1/24", 0), ("there", "10.9.0.2/24", other)):
        run("ip", "link", "set", "lo", "up", where=where)
        run("ip", "address", "add", address, "dev", name, where=where)
        run("ip", "link", "set", name, "up", where=where)
        run("ip", "route", "add", "default", "dev", name, where=where)
        run("ip", "route", "add", "224.0.0.0/4", "dev", name, where=where)


def cut(other: int, *, on: bool) -> None:
    """Let frames go nowhere, or where they belong again."""
    for name, peer, where in (("here", "10.9.0.2", 0), ("there", "10.9.0.1", other)):
        if on:
            neighbour = ("neigh", "replace", peer, "lladdr", NOWHERE, "dev", name, "nud", "permanent")
        else:
            neighbour = ("neigh", "del", peer, "dev", name)
        run("ip", *neighbour, where=where)


def await_later(path: Path, moment: float, seconds: float) -> None:
    """Wait until a sample that was sent after a moment is in the recording, but no longer than so."""
    from acquisition.recording.recording import Recording

    recording, until = Recording(path, follow=True), time.monotonic() + seconds
    while time.monotonic() < until:
        batch = recording.poll()
        if batch is None:
            time.sleep(0.2)
        elif any(len(part.times) and part.times[-1] > moment for part in batch.streams.values()):
            return


def inside(base: Path, seconds: float, before: float, after: float) -> int:
    """Record over the cable, in a network of our own."""
    os.environ["XDG_RUNTIME_DIR"] = str(base)
    command = [sys.executable, "-m", "benchmarks.link_loss", "--base", str(base), "--part", "send"]
    words = ["unshare", "--net", "--uts", "sh", "-c", f"hostname sender && exec {' '.join(command)}"]
    sender = subprocess.Popen(words)
    time.sleep(0.5)
    cable(sender.pid)
    (base / "cable").touch()
    (base / "session.toml").write_text(SESSION.format(base=base))
    recorder = subprocess.Popen(
        [sys.executable, "-m", "acquisition.cli", "record", str(base / "session.toml")],
        stdout=subprocess.DEVNULL,
    )
    try:
        while not (found := list(base.glob("*/session.toml"))):
            time.sleep(0.1)
        time.sleep(before)
        from acquisition.lsl.clock import local_clock

        began = local_clock()
        cut(sender.pid, on=True)
        time.sleep(seconds)
        cut(sender.pid, on=False)
        ended = local_clock()
        await_later(found[0].parent, ended + 2.0, after)
        recorder.send_signal(signal.SIGINT)
        recorder.wait(60)
    finally:
        for process in (recorder, sender):
            process.kill()
            process.wait()
    return report(found[0].parent, base / "sent", began, ended)


def report(path: Path, sent: Path, began: float, ended: float) -> int:
    """Say what came of every sample, and when what was told."""
    from acquisition.recording.recording import Recording
    from acquisition.recording.verify import verify

    times, ticks, notices, offsets = [], [], [], []
    for batch in Recording(path).batches():
        notices += [n for _, n in batch.notices]
        for part in batch.streams.values():
            times.append(part.times)
            ticks.append(batch.ticks[part.slices])
            offsets += [float(batch.ticks[0])] * len(part.offsets)
    got, arrived = np.concatenate(times), np.concatenate(ticks)
    true = np.frombuffer(sent.read_bytes()[: sent.stat().st_size // 8 * 8])
    true = true[(true >= got[0]) & (true <= got[-1])]
    silence = np.diff(arrived)
    first = float(arrived[arrived > ended][0])
    stale = [n.time - began for n in notices if n.kind == "stale" and n.time > began]
    print(
        f"cut for {ended - began:.1f} s: {len(true)} sent, {int((~np.isin(true, got)).sum())} lost,"
        f" {len(got) - len(np.unique(got))} twice; silence {silence.max():.1f} s,"
        f" first sample {first - ended:.1f} s after the return;"
        f" stale told after {min(stale, default=float('nan')):.1f} s"
    )
    for n in notices:
        print(f"  {n.time - began:+6.1f} s {n.kind}: {n.message}")
    print(f"  verify: {verify(path) or 'whole'}")
    return 0


def main() -> int:
    """Run the benchmark, or one of its parts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--before", type=float, default=BEFORE)
    parser.add_argument("--after", type=float, default=AFTER)
    parser.add_argument("--part", choices=["inside", "send"])
    parser.add_argument("--base", type=Path)
    given = parser.parse_args()
    if given.part == "send":
        send(given.base)
    elif given.part == "inside":
        return inside(given.base, given.seconds, given.before, given.after)
    else:
        with tempfile.TemporaryDirectory() as folder:
            part = ["--part", "inside", "--base", folder, "--seconds", str(given.seconds)]
            part += ["--before", str(given.before), "--after", str(given.after)]
            words = ["unshare", "--net", sys.executable, "-m", "benchmarks.link_loss", *part]
            return subprocess.run(words, check=False).returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
