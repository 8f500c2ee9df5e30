"""Fill the pages of the site that are made from the program: commands, indices, and the event vocabulary."""

import inspect

import click

from acquisition.events.vocabulary import load_vocabulary
from processing.config import PipelineConfig
from processing.index_page import filled
from viewer.cli import attune

COMMON = ("--help", "--debug")
"""Options of every command, told once at the top of the page."""


def on_page_markdown(markdown, **_):
    """Put what a page asks for in its place."""
    for mark, made in (("<!-- vocabulary -->", vocabulary), ("<!-- commands -->", commands)):
        if mark in markdown:
            markdown = markdown.replace(mark, made())
    return filled(markdown, PipelineConfig())


def vocabulary():
    """Return a table per group of codes, quoted from the shipped file."""
    lines, group = [], ""
    for code in load_vocabulary().codes.values():
        if code.group != group:
            group = code.group
            lines += ["", f"## {group.capitalize()}", ""]
            lines += ["> | code | kind | key | meaning |", "> |---|---|---|---|"]
        takes = f"; value: {code.value}" if code.value else ""
        same = f"; same as {code.maps_to}" if code.maps_to else ""
        cells = (f"`{code.code}`", f"{code.kind}, {code.actor}", code.hotkey, f"{code.meaning}{takes}{same}")
        lines.append(f"> | {' | '.join(map(escaped, cells))} |")
    return "\n".join(lines)


def commands():
    """Return a section per command: what it does, how it is called, its arguments and options."""
    root = click.Context(attune, info_name="attune")
    return "\n".join(
        line for name in attune.list_commands(root) for line in section(root, attune, name, "##")
    )


def section(parent, group, name, level):
    """Return the lines of one command, and of those below it."""
    command = group.get_command(parent, name)
    context = click.Context(command, info_name=name, parent=parent)
    lines = [f"{level} {context.command_path}", "", *paragraphs(command.help or ""), ""]
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            lines += section(context, command, below, level + "#")
        return lines
    lines += ["```", " ".join([context.command_path, *command.collect_usage_pieces(context)]), "```", ""]
    records = [p.get_help_record(context) for p in command.get_params(context)]
    rows = [r for r in records if r and not any(c in r[0] for c in COMMON)]
    if rows:
        lines += ["| option | |", "|---|---|", *(f"| `{escaped(a)}` | {escaped(b)} |" for a, b in rows), ""]
    return lines


def paragraphs(text):
    """Return a help text as Markdown, a line per paragraph."""
    blocks = inspect.cleandoc(text).split("\n\n")
    return [line for block in blocks for line in (" ".join(block.split()), "")]


def escaped(text):
    """Return a text that does not end a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")
