"""`--help` in the reader's language: English stands in the commands, Chinese in tables beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import typer

from outwait.core.tongue import Tongue, tongue_of

# A command as typer makes it: `help`, `epilog` and `short_help`, its `params`, and maybe `commands` below it. typer
# has click inside, under a name that is not for others, so there is no type to name.
Command = Any


def tongue_asked(words: Sequence[str], environ: Mapping[str, str]) -> Tongue:
    """The language of a command line: its --lang, wherever it stands, else the environment's."""
    for word, following in zip(words, [*words[1:], ""], strict=False):
        asked = following if word == "--lang" else word.removeprefix("--lang=") if word.startswith("--lang=") else ""
        if asked in tuple(Tongue):
            return Tongue(asked)
    return tongue_of(environ)


def translate(command: Command, words: Mapping[str, str]) -> None:
    """Say the help of `command`, and of what is below it, in `words`: English text -> the other language's.

    A text is looked up as it stands in the source, whitespace aside; what has no row stays as it is. The page is then
    drawn by `help_page`, whose lines break between Chinese characters.
    """
    names = (command.context_settings or {}).get("help_option_names")
    _translate(command, {_key(english): told for english, told in words.items()}, names)


def texts(command: Command) -> list[str]:
    """Every text of the help of `command` itself: what it does, its examples, its parameters."""
    found = [command.help, command.epilog, *(getattr(each, "help", None) for each in command.params)]
    return [text for text in found if text]


def untold(command: Command, words: Mapping[str, str]) -> list[str]:
    """The texts of `command` that `words` has no row for."""
    known = {_key(english) for english in words}
    return [text for text in texts(command) if _key(text) not in known]


def _translate(command: Command, known: Mapping[str, str], names: list[str] | None) -> None:
    # --help is no parameter like the others: it is made when it is first asked for, with the names of the context.
    asked = command.get_help_option(typer.Context(command, help_option_names=names))
    for part in (command, *command.params, *([asked] if asked is not None else [])):
        for name in ("help", "epilog", "short_help"):
            text = getattr(part, name, None)
            if text:
                setattr(part, name, known.get(_key(text), text))
    command.format_help = partial(_show, command)
    for child in getattr(command, "commands", {}).values():
        _translate(child, known, names)


def _show(command: Command, context: Any, _formatter: object) -> None:
    from outwait.cli.help_page import show

    show(command, context)


def _key(text: str) -> str:
    return " ".join(text.split())
