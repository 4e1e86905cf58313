"""Load the settings: find the file, read it, lay the environment over it, put `${...}` in, check all of it at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path as FilePath

from pydantic import ValidationError

from outwait.config import environ, source, zero
from outwait.config.errors import ConfigError, Problem
from outwait.config.explain import Explainer
from outwait.config.interpolate import Interpolation
from outwait.config.secret import fresh_key
from outwait.config.settings import Origin, Settings


def load(
    path: str | os.PathLike[str] | None = None,
    *,
    env: Mapping[str, str] | None = None,
    cwd: FilePath | None = None,
    serving: bool = True,
) -> Settings:
    """The settings of `path`, or of the first file found, or of the environment alone.

    `env` and `cwd` default to the process's own. `serving` False is for commands that only ask about settings: no
    channel is needed and no client key is made. Without a file and without keys, a client key is made; it is in
    `settings.origin.fresh_key`. Raises ConfigError with every problem that was found.
    """
    env = os.environ if env is None else env
    file = source.find(os.fspath(path) if path is not None else None, env, cwd or _here())
    document = source.read(file) if file else source.Document()
    return _settings(document, env, serving=serving)


def _here() -> FilePath:
    """The working directory. One that was removed holds no file, as a relative path then finds none."""
    try:
        return FilePath.cwd()
    except OSError:
        return FilePath()


def loads(text: str, *, env: Mapping[str, str] | None = None, serving: bool = True) -> Settings:
    """The settings of a YAML text, as `load` makes them of a file."""
    return _settings(source.parse(text, "(text)"), env or {}, serving=serving)


def _settings(document: source.Document, env: Mapping[str, str], *, serving: bool) -> Settings:
    sections = tuple(Settings.model_fields)
    overlay = environ.lay_over(document.tree, env, sections)
    key = None if document.file else _without_file(document.tree, overlay, env, serving=serving)
    interpolation = Interpolation(document, env)
    tree = interpolation.tree(frozenset(overlay.literal))
    settings = None
    problems = document.problems + overlay.astray
    try:
        settings = Settings.model_validate(tree)
    except ValidationError as error:
        problems += Explainer(Settings, document, tree, interpolation.raw, overlay).problems(error)
    if serving and not document.tree.get("channels"):
        problems.append(_no_channel(document, env))
    if problems or settings is None:
        raise ConfigError(sorted(problems, key=lambda each: each.line or 0), document.file)
    notes = environ.remarks(overlay, interpolation.named, sections)
    return settings.of_origin(Origin(file=document.file, fresh_key=key, notes=notes))


def _without_file(
    tree: dict[str, object], overlay: environ.Overlay, env: Mapping[str, str], *, serving: bool
) -> str | None:
    """Fill the tree from the provider's variables; the client key that was made for it, if one was."""
    if not tree.get("channels"):
        tree["channels"] = zero.channels(env)
        overlay.literal.add(("channels",))
    if tree.get("keys") or not serving:
        return None
    key = fresh_key()
    tree["keys"] = [{"name": "default", "key": key}]
    overlay.literal.add(("keys",))
    return key


def _no_channel(document: source.Document, env: Mapping[str, str]) -> Problem:
    if document.file:
        return Problem("channels", "is missing or empty", expected="at least one channel with a `name`")
    looked = ", ".join(str(place) for place in source.places(env, FilePath()))
    one_of = ", ".join(zero.VARIABLES)
    return Problem(
        "", "there is nothing to serve", expected=f"a config file (looked for {looked}) or one of {one_of} to be set"
    )
