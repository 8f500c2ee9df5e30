"""attune keys: the laboratory's key store."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from acquisition.commands.command import FILE, Command, Group, as_json_option, print_json, study_option
from acquisition.commands.given import FiniteRange
from acquisition.errors import KeyStoreError
from acquisition.terminal import echo
from acquisition.text import how_many

if TYPE_CHECKING:
    from acquisition.protection.keystore import KeyStore

PASSPHRASE_FILE = "ATTUNE_PASSPHRASE_FILE"
WAYS = ("keyring", "tpm")
SHORTEST = 12
"""Characters of a passphrase."""
LOSS = (
    "Whoever loses both the passphrase and the recovery sheet loses every sealed recording: nobody, and no "
    "copy of the files, brings them back."
)

store_option = click.option(
    "--store",
    type=click.Path(path_type=Path, file_okay=False),
    help="The key store; $ATTUNE_KEYS or a directory of yours if not given.",
)
passphrase_option = click.option(
    "--passphrase-file", type=FILE, help=f"The passphrase is its first line; ${PASSPHRASE_FILE} too."
)
sheet_option = click.option(
    "--sheet",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the recovery sheet here; it must not be there yet. Shown once if not given.",
)


def _path(store: Path | None) -> Path:
    from acquisition.protection.store_files import default_store

    return store or default_store()


def _store(store: Path | None) -> KeyStore:
    from acquisition.protection.keystore import KeyStore

    return KeyStore(_path(store))


def _passphrase(file: Path | None, *, new: bool = False, what: str = "Passphrase") -> str:
    """Return the passphrase from a file, the environment or a prompt."""
    named = os.environ.get(PASSPHRASE_FILE)
    said = file or (Path(named) if named else None)
    if said is not None:
        try:
            passphrase = said.read_text("utf-8").split("\n")[0].rstrip("\r")
        except (OSError, UnicodeDecodeError) as error:
            raise KeyStoreError(f"{said}: no passphrase can be read ({error})") from error
    else:
        if not sys.stdin.isatty():
            raise click.UsageError(f"no terminal to ask on: --passphrase-file or ${PASSPHRASE_FILE}")
        passphrase = str(click.prompt(what, hide_input=True, confirmation_prompt=new))
    if new and what == "Passphrase" and len(passphrase) < SHORTEST:
        raise click.UsageError(f"the passphrase has {len(passphrase)} characters; {SHORTEST} at least")
    return passphrase


def _identity(store: KeyStore, file: Path | None) -> str:
    """Return the store's identity: of the unlocked store, else by a passphrase that is there unasked."""
    from acquisition.protection.unlocked import identity_of, unlocked_until

    if unlocked_until(store) is None and (file is not None or os.environ.get(PASSPHRASE_FILE)):
        return store.open_with(_passphrase(file))
    return identity_of(store)


def _sheet_lines(store: KeyStore, identity: str) -> list[str]:
    return [
        "RECOVERY SHEET of an Attunement key store",
        f"store {store.id}, {datetime.now():%Y-%m-%d}",
        "",
        identity,
        "",
        "This line opens every sealed recording of the store, without the passphrase.",
        "Print it, keep it locked away from the machine, and delete the file.",
        "To use it: attune keys unlock --recovery FILE   (FILE holds that line)",
    ]


def _hand_out(store: KeyStore, identity: str, sheet: Path | None) -> None:
    """Write the recovery sheet, or show it once."""
    lines = _sheet_lines(store, identity)
    if sheet is None:
        echo("\n".join(["", *lines, ""]))
        return
    fd = os.open(sheet, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with open(fd, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    echo(f"{sheet}: the recovery sheet; print it and delete the file")


def _free(sheet: Path | None) -> None:
    if sheet is not None and sheet.exists():
        raise click.UsageError(f"{sheet}: is there already")


@click.command("init", cls=Command)
@store_option
@passphrase_option
@sheet_option
def init_command(store: Path | None, passphrase_file: Path | None, sheet: Path | None) -> None:
    """Make a key store, unlocked, and its recovery sheet.

    Keep it apart from the recordings and their backups: a copy of both together opens.
    """
    from acquisition.protection.audit import keep
    from acquisition.protection.keystore import KeyStore
    from acquisition.protection.unlocked import unlock

    _free(sheet)
    path = _path(store)
    made, recovery = KeyStore.init(path, passphrase := _passphrase(passphrase_file, new=True))
    echo(f"{path}: key store made and unlocked")
    keep("store made", store=path)
    _hand_out(made, recovery, sheet)
    echo(LOSS)
    unlock(made, made.open_with(passphrase))


@click.command("unlock", cls=Command)
@store_option
@passphrase_option
@click.option("--recovery", type=FILE, help="The line of the recovery sheet, in place of the passphrase.")
@click.option("--by", "way", type=click.Choice(WAYS), help="By what `attune keys remember` put there.")
@click.option("--hours", type=FiniteRange(0, 12, min_open=True), default=12.0, show_default=True)
def unlock_command(
    store: Path | None, passphrase_file: Path | None, recovery: Path | None, way: str | None, hours: float
) -> None:
    """Open the store for this user and machine, until the time is over, `lock`, or the next start.

    With --by tpm the PIN is asked for, or is the first line of --passphrase-file.
    """
    from acquisition.protection.audit import keep
    from acquisition.protection.unlocked import unlock

    opened = _store(store)
    if recovery and way:
        raise click.UsageError("--recovery and --by exclude each other")
    if way:
        identity = _remembered(opened, way, passphrase_file)
    else:
        identity = _recovered(recovery) if recovery else opened.open_with(_passphrase(passphrase_file))
    until = unlock(opened, identity, hours)
    keep("store unlocked", store=opened.path, by=way or ("recovery sheet" if recovery else "passphrase"))
    echo(f"{opened.path}: unlocked until {datetime.fromtimestamp(until):%Y-%m-%d %H:%M}")


def _remembered(store: KeyStore, way: str, file: Path | None) -> str:
    from acquisition.protection.remembered import recall

    pin = _passphrase(file, what="PIN") if way == "tpm" else ""
    identity = recall(store, way, pin)
    if not store.fits(identity):
        raise KeyStoreError(f"{store.path}: was rotated since; `attune keys remember {way}` once more")
    return identity


@click.command("remember", cls=Command)
@click.argument("way", type=click.Choice(WAYS))
@store_option
@passphrase_option
def remember_command(way: str, store: Path | None, passphrase_file: Path | None) -> None:
    """Let the unlocked store be opened by the system's keyring, or by this machine's TPM and a PIN.

    keyring: whoever is logged in as you opens it. tpm: six characters or more are asked for as a PIN, or are
    the first line of --passphrase-file. The passphrase and the recovery sheet stay good.
    """
    from acquisition.protection.audit import keep
    from acquisition.protection.remembered import remember
    from acquisition.protection.unlocked import identity_of

    opened = _store(store)
    identity = identity_of(opened)
    pin = _passphrase(passphrase_file, new=True, what="PIN") if way == "tpm" else ""
    remember(opened, way, identity, pin)
    keep("store remembered", store=opened.path, by=way)
    echo(f"{opened.path}: `attune keys unlock --by {way}` opens it from now on")


@click.command("forget", cls=Command)
@click.argument("way", type=click.Choice(WAYS))
@store_option
def forget_command(way: str, store: Path | None) -> None:
    """Take away what `remember` put into the keyring or the TPM."""
    from acquisition.protection.audit import keep
    from acquisition.protection.remembered import forget

    opened = _store(store)
    if there := forget(opened, way):
        keep("store forgotten", store=opened.path, by=way)
    echo(f"{opened.path}: {way} {'has' if there else 'had'} nothing of it")


def _recovered(file: Path) -> str:
    try:
        lines = file.read_text("utf-8").split()
    except UnicodeDecodeError as error:
        raise KeyStoreError(f"{file}: is no recovery sheet") from error
    found = [word for word in lines if word.startswith("AGE-SECRET-KEY-")]
    if len(found) != 1:
        raise KeyStoreError(f"{file}: holds {len(found)} lines AGE-SECRET-KEY-…; one is needed")
    return found[0]


@click.command("lock", cls=Command)
@store_option
def lock_command(store: Path | None) -> None:
    """Forget the unlocked store; what is being recorded goes on."""
    from acquisition.protection.audit import keep
    from acquisition.protection.unlocked import lock

    opened = _store(store)
    if there := lock(opened):
        keep("store locked", store=opened.path)
    echo(f"{opened.path}: {'locked' if there else 'was locked'}")


@click.command("status", cls=Command)
@store_option
@as_json_option
def status_command(store: Path | None, as_json: bool) -> None:
    """Say whether the store is unlocked, and how many people and keys it has."""
    from acquisition.protection.unlocked import unlocked_until

    opened = _store(store)
    until = unlocked_until(opened)
    said: dict[str, Any] = {
        "store": str(opened.path),
        "id": opened.id,
        "unlocked_until": until and datetime.fromtimestamp(until).astimezone().isoformat(timespec="seconds"),
        "people": opened.people(),
        "keys": sum(1 for _ in opened.records()),
        "destroyed": sum(1 for row in opened.destroyed() if row.get("id")),
        "recipients": len(opened.recipients),
    }
    if as_json:
        print_json(said)
        return
    open_ = f"unlocked until {said['unlocked_until']}" if until else "locked (`attune keys unlock` opens it)"
    echo(f"{opened.path}: {open_}")
    echo(f"people: {len(said['people'])}, keys: {said['keys']}, destroyed: {said['destroyed']}")
    echo(f"wrapped to {how_many(said['recipients'], 'recipient')}: the store's own, and who can recover it")


@click.command("add-recipient", cls=Command)
@click.argument("recipient", metavar="[age1...]", default="")
@store_option
@passphrase_option
@study_option
def add_recipient_command(
    recipient: str, store: Path | None, passphrase_file: Path | None, study: Path | None
) -> None:
    """Let one more identity of age open everything: a second data manager; or those that a study names.

    Without age1… they are those of the study file, found from here upwards or named by --study.
    """
    from acquisition.protection.audit import keep
    from acquisition.session.study import study_of

    opened = _store(store)
    of = None if recipient else study_of(Path(), study)
    wanted = [recipient] if recipient else [one.key for one in opened.without(of.recipients if of else ())]
    if not recipient and (of is None or not of.recipients):
        raise click.UsageError("age1…: which identity? (no study file is here that names recipients)")
    identity = _identity(opened, passphrase_file)
    for key in wanted:
        opened.add_recipient(key, identity)
        keep("recipient added", store=opened.path, recipient=key)
    echo(f"{opened.path}: wrapped to {len(opened.recipients)} recipients")


@click.command("export", cls=Command)
@store_option
@passphrase_option
@sheet_option
def export_command(store: Path | None, passphrase_file: Path | None, sheet: Path | None) -> None:
    """Make one more recovery sheet; those before stay good (`rotate` lets them go)."""
    from acquisition.protection.audit import keep

    _free(sheet)
    opened = _store(store)
    _hand_out(opened, opened.new_recovery(_identity(opened, passphrase_file)), sheet)
    keep("recovery sheet made", store=opened.path)


@click.command("rotate", cls=Command)
@store_option
@passphrase_option
@sheet_option
def rotate_command(store: Path | None, passphrase_file: Path | None, sheet: Path | None) -> None:
    """Give the unlocked store a new passphrase, identity and recovery sheet; the old ones open it no more.

    A copy of the store made before still opens with the old ones: delete it.
    """
    from acquisition.protection.audit import keep
    from acquisition.protection.remembered import forget_all
    from acquisition.protection.unlocked import identity_of, unlock

    _free(sheet)
    opened = _store(store)
    before = identity_of(opened)
    own, recovery = opened.rotate(_passphrase(passphrase_file, new=True), before)
    forget_all(opened)
    unlock(opened, own)
    keep("store rotated", store=opened.path)
    echo(f"{opened.path}: new passphrase and identity; people wrapped anew: {len(opened.people())}")
    _hand_out(opened, recovery, sheet)


KEYS = (
    init_command,
    unlock_command,
    lock_command,
    status_command,
    add_recipient_command,
    export_command,
    rotate_command,
    remember_command,
    forget_command,
)


@click.group("keys", cls=Group, commands={str(c.name): c for c in KEYS})
def keys_command() -> None:
    """Keep the keys of sealed recordings, one identity a person."""
