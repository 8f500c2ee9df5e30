"""attune demo: a simulated therapist and client with known truth, recorded and analysed live."""

from __future__ import annotations

import json
import os
import secrets
from importlib import import_module
from pathlib import Path

import click

from acquisition.commands.command import Command
from acquisition.commands.given import FiniteRange, OutputPath
from acquisition.protection.store_files import ENVIRONMENT
from acquisition.simulation.demo_session import emulated_session, simulated_session
from acquisition.simulation.script import AGE
from acquisition.terminal import echo
from viewer.desktop import has_display, require_qt
from viewer.live.live import await_end, erase, say_left, watch
from viewer.live.recorder_process import RecorderProcess

HEADLESS_SECONDS = 30.0
NEEDED_LATER = (
    "processing.commands.process",
    "viewer.opening",
    "viewer.review.reviewing",
    "viewer.window",
)
"""What a headless demonstration imports in the end, for its analysis, report and picture."""


@click.command("demo", cls=Command)
@click.option("--seconds", type=FiniteRange(min=0, min_open=True), help="Length of the live part.")
@click.option(
    "--age", type=FiniteRange(12, 55), help="How old the session is when it starts [min], else 55.",
)  # fmt: skip
@click.option("--headless", is_flag=True, help="No window; write a picture of it instead.")
@click.option(
    "--out", type=OutputPath(file_okay=False), default=Path("demo"), show_default=True,
    help="Where everything goes.",
)  # fmt: skip
@click.option(
    "--ble", is_flag=True, help="Let emulated wearables send over Bluetooth LE, through the real drivers."
)
@click.option("--sealed", is_flag=True, help="Seal it, with a throw-away key store beside it.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Which two people.")
@click.option(
    "--hour", type=click.Choice(("hard", "easy")),
    help="Another hour than the shipped one, without coupling or effect: hard to infer from, or not.",
)  # fmt: skip
def demo_command(
    seconds: float | None,
    age: float | None,
    headless: bool,
    out: Path,
    ble: bool,
    sealed: bool,
    seed: int,
    hour: str | None,
) -> None:
    """Record a simulated dyad with known truth, watch it live, and compute the results.

    The session is already 55 minutes old when it starts (or --age; 12 with --ble). It runs headless without a
    display.
    """
    if ble and hour:
        raise click.UsageError("--hour: the emulated wearables of --ble play the shipped hour only")
    if ble and age:
        raise click.UsageError("--age: with the emulated wearables of --ble a session is 12 minutes old")
    require_qt()
    if not headless and not has_display():
        echo("no display: running headless")
        headless = True
    out.mkdir(parents=True, exist_ok=True)
    session = out / "session.toml"
    since = 60.0 * age if age else AGE
    text = emulated_session(seed=seed) if ble else simulated_session(seed=seed, age=since, hour=hour or "")
    session.write_text(_sealed(text, out) if sealed else text, "utf-8")
    length = seconds or (HEADLESS_SECONDS if headless else None)
    if headless:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        echo(f"recording {length:g} s of a simulated dyad, and analysing it as it grows")
    left = "ended"
    with RecorderProcess(session, out=out, seconds=length) as recorder:
        if headless:
            for name in NEEDED_LATER:  # while the recorder begins
                import_module(name)
        path = recorder.await_recording()
        if headless:
            _analyse(path, out, follow=True)
            await_end(recorder)
        else:
            echo(f"recording to {path}; close the window to end it")
            if (left := watch(path, recorder, until_end=seconds is not None)) in ("kept", "discarded"):
                say_left(path, left)
            else:
                _analyse(path, out, follow=False)
    if left == "discarded":
        erase(path)
    if left in ("kept", "discarded"):
        return
    _picture(path, out / "window.png")
    echo(f"recording: {path}")
    echo(f"indices:   {out / 'results' / path.name / 'indices.parquet'}")
    echo(f"report:    {out / 'results' / path.name / 'report.html'}")
    echo(f"window:    {out / 'window.png'}")
    if hour:
        echo(f"truth:     {_truth(seed, hour, path, out / 'truth.json')}")
    if sealed:
        store = os.environ[ENVIRONMENT]
        echo(f"the recording is sealed; to see it: {ENVIRONMENT}={store} attune view {path}")
        unlock = f"attune keys unlock --store {store} --passphrase-file {out / 'passphrase'}"
        echo(f"its store is unlocked for 12 h; afterwards: {unlock}")


def _truth(seed: int, hour: str, recording: Path, target: Path) -> Path:
    """Write what was put into an hour, with the LSL time of its zero."""
    from acquisition.recording.recording import Recording
    from acquisition.simulation.hard import BEGUN, SHOWN, hard_script, truth_of

    events = (event for batch in Recording(recording).batches() for _, event in batch.events)
    start = next(event.time for event in events if event.code == BEGUN.code) - BEGUN.start
    put_in = truth_of(hard_script(seed, SHOWN[hour]), SHOWN[hour], start)
    target.write_text(json.dumps(put_in, indent=1, ensure_ascii=False), "utf-8")
    return target


def _sealed(text: str, out: Path) -> str:
    """Make a key store for a demonstration, or take the last one; return the session as a sealed one."""
    from acquisition.protection.keystore import KeyStore
    from acquisition.protection.unlocked import unlock

    store, secret = out.resolve() / "keys", out / "passphrase"
    if not (store / "store.json").exists():
        secret.touch(mode=0o600)
        secret.write_text(secrets.token_urlsafe(24) + "\n", "utf-8")
        KeyStore.init(store, secret.read_text("utf-8").strip())
    opened = KeyStore(store)
    unlock(opened, opened.open_with(secret.read_text("utf-8").strip()))
    os.environ[ENVIRONMENT] = str(store)
    return f"{text.rstrip()}\n\n[protection]\nsealed = true\n"


def _analyse(path: Path, out: Path, *, follow: bool) -> None:
    from processing.commands.process import process_recording
    from processing.config import PipelineConfig

    outcome = process_recording(path, out / "results", config=PipelineConfig(), follow=follow, report=True)
    echo(f"{outcome.seconds / 60:.1f} min of recording, {outcome.n_samples} index samples")
    for remark in outcome.remarks:
        echo(f"  {remark}")


def _picture(path: Path, png: Path) -> None:
    from viewer.screenshot import save

    save(path, png)
