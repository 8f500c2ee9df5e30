"""The console script `attune`: a table of names; each sub-command is imported when it is used."""

from __future__ import annotations

import gc
import importlib
import os
import sys

import click
from click.shell_completion import CompletionItem

from acquisition.private import keep_private

# The matrices here are small: a second BLAS thread costs more than it gives, and live it would take a core
# from the recorder. It has to be said before numpy is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

COMMANDS = {
    "demo": ("viewer.live.demo", "Record and watch a simulated therapist and client with known truth."),
    "live": ("viewer.live.live", "Record a session and watch it."),
    "self-check": (
        "viewer.setup.self_check_command",
        "The therapist's own questions, for them alone.",
    ),
    "doctor": ("acquisition.commands.doctor", "Say what this machine lacks, with the package names."),
    "new": ("processing.commands.new", "Write a session file by questions, and the consent sheet to sign."),
    "record": ("acquisition.cli", "Record a session without a window."),
    "status": ("acquisition.cli", "Show what the running recorder does."),
    "mark": ("acquisition.cli", "Mark a moment in the running recording."),
    "pause": ("acquisition.cli", "Stop storing one person until they resume."),
    "resume": ("acquisition.cli", "Store that person again."),
    "confirm": ("acquisition.cli", "Say that a stream from elsewhere is who it should be."),
    "status-page": ("acquisition.commands.status_page", "Show on a phone outside whether it records."),
    "swap": ("acquisition.commands.hands", "Exchange the devices of client and therapist."),
    "replace": ("acquisition.commands.hands", "Put a new device in the place of another."),
    "stop": ("acquisition.cli", "End the running recording."),
    "devices": ("processing.commands.devices", "List, find and check devices."),
    "replay": ("acquisition.commands.files", "Publish a recording over LSL as if its devices were there."),
    "import": ("acquisition.commands.importing", "Turn files of other tools into a recording."),
    "refill": ("acquisition.commands.refill", "Fetch what devices kept over their drop-outs."),
    "link": ("acquisition.commands.link", "Say which videos show the hour, and when."),
    "amend": ("acquisition.commands.amend", "Put codes, number or start of a recording right."),
    "events": ("processing.commands.events", "Compare raters, import codings, show the vocabulary."),
    "corrections": ("processing.commands.corrections", "Beats corrected by hand: in, out, who agrees."),
    "process": ("processing.cli", "Compute indices and session metrics."),
    "cohort": ("processing.commands.cohort", "Process many recordings into one store."),
    "across": ("processing.commands.across", "Say what several sessions of one dyad hold together."),
    "view": ("viewer.view", "Watch a growing recording or review a finished one."),
    "rate": ("viewer.rating.command", "Rate a finished recording all the time."),
    "report": ("processing.commands.report", "Write the report of a recording: HTML, and PDF."),
    "instruments": (
        "processing.commands.instruments",
        "Self-report instruments, their licences, and answers.",
    ),
    "export": ("processing.commands.export", "Write a recording for another tool."),
    "keys": ("acquisition.commands.keys", "Keep the keys of sealed recordings."),
    "audit": ("acquisition.commands.audit", "Look into the log of who did what."),
    "bids-app": ("processing.commands.bids_app", "Compute a BIDS dataset: indices, metrics, one store."),
    "unseal": ("acquisition.commands.unseal", "Write a plain copy of a sealed recording."),
    "withdraw": ("processing.commands.withdraw", "Erase a person from recordings and results."),
    "retention": ("processing.commands.retention", "Keep recordings no longer than was agreed."),
    "verify": ("acquisition.commands.files", "Check a recording against its manifest and checksums."),
    "repair": ("acquisition.commands.files", "Write what can be saved of a cut recording to a new one."),
}


class _Table(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name][0])
        command = getattr(module, f"{cmd_name.replace('-', '_')}_command")
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the names without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete the names without importing anything."""
        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        return [CompletionItem(n, help=say) for n, (_, say) in COMMANDS.items() if n.startswith(incomplete)]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name not in COMMANDS and not name.startswith("-"):
            ctx.fail(f"no command '{name}' (known: {', '.join(COMMANDS)})")
        return super().resolve_command(ctx, args)


@click.command(cls=_Table, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="attunement")
def attune() -> None:
    """Record a therapy session's ECG, EDA and voice, watch the indices live, reprocess with the same code.

    Research use only. Not a medical device. Not for diagnosis, treatment decisions or emergency detection.
    """


def main() -> None:
    """Run the console script."""
    keep_private()
    if (name := sys.argv[1] if len(sys.argv) > 1 else "") in COMMANDS:
        importlib.import_module(COMMANDS[name][0])
        # What was loaded stays. Looked at again with every collection of garbage, it takes a twentieth of the
        # time of a pipeline, which makes many rows.
        gc.freeze()
    attune(prog_name="attune")


if __name__ == "__main__":
    main()
