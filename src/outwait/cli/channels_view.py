"""What `outwait channels` shows people: tables and a few sentences."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table
from rich.text import Text

Told = dict[str, Any]

_COLORS = {
    "up": "green", "open": "green", "impaired": "yellow", "half-open": "yellow", "resting": "yellow", "full": "yellow",
    "out": "red", "ejected": "red", "suspect": "red", "dead": "red",
}  # fmt: skip


def draw(action: str, told: Told, console: Console | None = None) -> None:
    """Show the answer to `action`."""
    console = console or Console(highlight=False, markup=False)
    if action == "list":
        _list(told["data"], console)
    elif action == "show":
        _channel(told, console)
    elif action == "check":
        _check(told, console)
    elif action == "revive":
        keys = told["revived"]
        many = f"keys {', '.join(map(str, keys))} are" if len(keys) > 1 else f"key {keys[0] if keys else ''} is"
        console.print(f"{told['channel']}: {f'{many} used again' if keys else 'no key was dead'}.")
    else:
        _learned(told, console)


def _list(rows: list[Told], console: Console) -> None:
    table = Table("channel", "state", "dialect", "where", "keys", "running", "last probe", "endpoints")
    for row in rows:
        table.add_row(
            row["name"],
            _colored(row["state"]),
            row["dialect"],
            row["base_url"] or "its own",
            _keys(row["keys"]),
            str(row["running"]),
            _probe(row["probe"]),
            _endpoints(row["endpoints"]),
        )
    console.print(table)


def _channel(row: Told, console: Console) -> None:
    console.print(Text.assemble(f"{row['name']}: ", _colored(row["state"]), f", {row['dialect']}, {row['base_url']}"))
    console.print(f"keys: {_keys(row['keys'])}; last probe: {_probe(row['probe'])}; last check: {_probe(row['check'])}")
    if not row["endpoints"]:
        console.print("No model has been asked for here yet.")
        return
    table = Table("endpoint", "state", "why", "until", "running", "waiting", "attempts", "failures", "last fault")
    for each in row["endpoints"]:
        fault = each["last_fault"]
        table.add_row(
            each["name"],
            _colored(each["state"]),
            each["why"],
            _time(each["until"]),
            str(each["outstanding"]) if each["limit"] is None else f"{each['outstanding']} of {each['limit']}",
            str(each["waiting"]),
            str(each["attempts"]),
            str(each["failures"]),
            "" if fault is None else f"{fault['code']}: {fault['message']}",
        )
    console.print(table)
    _lessons([{**lesson, "endpoint": each["name"]} for each in row["endpoints"] for lesson in each["learned"]], console)


def _check(told: Told, console: Console) -> None:
    name = f" of {told['model']}" if told["model"] else ""
    console.print(f"{told['asked']}{name}: {_probe(told)}")
    if told["fault"] is not None:
        console.print(f"{told['fault']['message']}")
        if told["fault"]["detail"]:
            console.print(told["fault"]["detail"])


def _learned(told: Told, console: Console) -> None:
    if told["action"] == "export":
        rules = told["rules"]
        if rules:
            console.print(yaml.safe_dump({"timeouts": {"rules": rules}}, sort_keys=False, allow_unicode=True).strip())
        else:
            console.print("Nothing has been learned yet.")
        return
    console.print({"freeze": "Frozen.", "unfreeze": "Not frozen any more.", "reset": "Forgotten."}[told["action"]])
    _lessons(told["learned"], console)


def _lessons(rows: list[Told], console: Console) -> None:
    for row in rows:
        said = row.get("sentence") or json.dumps(row, ensure_ascii=False)
        console.print(f"{row['endpoint']} {row.get('scenario', '')} {row.get('clock', '')}: {said}")


def _colored(word: str) -> Text:
    return Text(word, _COLORS.get(word, ""))


def _keys(keys: Told) -> str:
    dead = [f"{each['key']} since {_time(each['since']) or 'an unknown time'}" for each in keys["dead"]]
    return f"{keys['count']}, dead: {', '.join(dead)}" if dead else str(keys["count"])


def _probe(probe: Told | None) -> str:
    if probe is None:
        return "none yet"
    spent = f"{probe['seconds']:.2f} s" if probe["seconds"] >= 0.1 else f"{probe['seconds'] * 1000:.0f} ms"
    said = "good" if probe["ok"] else probe["fault"]["code"]
    return f"{said}, {spent}, {_time(probe['at'])}"


def _endpoints(rows: list[Told]) -> Text:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["state"]] = counts.get(row["state"], 0) + 1
    parts = [Text.assemble(f"{count} ", _colored(state)) for state, count in sorted(counts.items())]
    return Text(", ").join(parts)


def _time(at: float | None) -> str:
    """The time of the day here."""
    return "" if at is None else datetime.fromtimestamp(at).astimezone().strftime("%H:%M:%S")
