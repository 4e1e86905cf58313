"""The two files that a lookup begins with: what the hosts file says of a name, and which names a search list makes."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable


def addresses(text: str, name: str) -> tuple[str, ...]:
    """The addresses that `text`, a hosts file (hosts(5)), has for `name`."""
    wanted, found = name.rstrip(".").lower(), list[str]()
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if wanted not in (word.lower() for word in words[1:]):
            continue
        try:
            found.append(str(ipaddress.ip_address(words[0])))
        except ValueError:
            continue
    return tuple(dict.fromkeys(found))


def candidates(name: str, search: Iterable[str], ndots: int) -> tuple[str, ...]:
    """The names a resolver asks for, in order (resolv.conf(5)); a name with a dot at its end is asked for alone."""
    if name.endswith("."):
        return (name.rstrip("."),)
    more = [f"{name}.{suffix.strip('.')}" for suffix in search if suffix.strip(".")]
    ordered = [name, *more] if name.count(".") >= ndots else [*more, name]
    return tuple(dict.fromkeys(ordered))
