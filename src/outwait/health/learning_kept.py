"""What is learned, as plain data that outlives the process: written as it is, read back whole or not at all.

Samples keep their age: what was 24 to 48 hours old when it was read back is forgotten, however often a process starts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import partial
from typing import NamedTuple

from outwait.health.learned import Key, Subject
from outwait.health.learning_rules import LearningRules
from outwait.policy.sketch import nested
from outwait.policy.waits import Waits

VERSION = 1


class Kept(NamedTuple):
    """All that is known. `shared`: (scenario, whole) -> waits at all endpoints; `frozen`: by endpoint, None: whoever
    is not named.
    """

    subjects: dict[tuple[str, str, bool], Subject]
    shared: dict[tuple[str, bool], Waits]
    frozen: dict[str | None, bool]

    def subject(self, key: Key, rules: LearningRules, now: float) -> Subject:
        """The subject of `key`, made when there is none."""
        found = self.subjects.get(key)
        if found is None:
            shared = self.waits(key.scenario, key.whole, now)
            found = self.subjects[key] = Subject(key, shared, rules, now)
            if self.frozen.get(key.endpoint, self.frozen[None]):
                found.freeze(frozen=True)
        return found

    def waits(self, scenario: str, whole: bool, now: float) -> Waits:
        """The waits of a scenario at all endpoints, made when there are none."""
        found = self.shared.get((scenario, whole))
        if found is None:
            found = self.shared[scenario, whole] = Waits(now)
        return found

    def of(self, endpoint: str | None) -> list[Subject]:
        """What is known of `endpoint`; None: of all."""
        return [found for key, found in self.subjects.items() if endpoint in {None, key[0]}]

    def dump(self, now: float) -> dict[str, object]:
        """All of it as plain data for `read`."""
        plain: dict[str, object] = {}
        for _ in self.dumped(plain, now):
            pass
        return plain

    def dumped(self, plain: dict[str, object], now: float) -> Iterator[None]:
        """The same, written into `plain` row by row: in between, others may go on."""
        subjects: list[object] = []
        plain |= {
            "version": VERSION,
            "shared": [
                {"scenario": scenario, "whole": whole, "waits": waits.dump(now)}
                for (scenario, whole), waits in self.shared.items()
            ],
            "subjects": subjects,
            "frozen": [[name, frozen] for name, frozen in self.frozen.items()],
        }
        for subject in list(self.subjects.values()):
            subjects.append(subject.dump(now))
            yield


def nothing() -> Kept:
    """As it is at the beginning."""
    return Kept({}, {}, {None: False})


def read(plain: object, rules: LearningRules, now: float, age: float) -> Kept:
    """What `Kept.dump` wrote `age` seconds ago. Raises ValueError, naming the field, for anything else."""
    if not isinstance(plain, Mapping) or plain.get("version") != VERSION:
        raise ValueError(f"version: only {VERSION} can be read")
    if not 0 <= age < math.inf:
        raise ValueError("age: seconds are needed")
    kept = nothing()
    for at, row in enumerate(_listed(plain, "frozen")):
        nested(f"frozen[{at}]", partial(_frozen, kept), row)
    for at, row in enumerate(_listed(plain, "shared")):
        nested(f"shared[{at}]", partial(_shared, kept, now=now, age=age), row)
    for at, row in enumerate(_listed(plain, "subjects")[: rules.subjects]):
        nested(f"subjects[{at}]", partial(_subject, kept, rules=rules, now=now, age=age), row)
    return kept


def _listed(plain: Mapping[object, object], name: str) -> list[object]:
    found = plain.get(name)
    if not isinstance(found, list):
        raise ValueError(f"{name}: a list is needed")  # noqa: TRY004 - one error for all bad input
    return found


def _frozen(kept: Kept, row: object) -> None:
    match row:
        case [None | str() as name, bool() as frozen]:
            kept.frozen[name] = frozen
        case _:
            raise ValueError("an endpoint and true or false are needed")


def _shared(kept: Kept, row: object, now: float, age: float) -> None:
    if not isinstance(row, Mapping):
        raise ValueError("a row is a mapping")  # noqa: TRY004 - one error for all bad input
    key = Key.read({**row, "endpoint": "all"})
    nested("waits", partial(kept.waits(key.scenario, key.whole, now).restore, now=now, age=age), row.get("waits"))


def _subject(kept: Kept, row: object, rules: LearningRules, now: float, age: float) -> None:
    key = Key.read(row)
    assert isinstance(row, Mapping)  # noqa: S101 - the key was read from it
    kept.subject(key, rules, now).restore(row, now, age)
