from __future__ import annotations

import inspect

import msgspec
import pytest

from outwait.store import rows
from outwait.store.rows import State

STRUCTS = [kind for _, kind in inspect.getmembers(rows, inspect.isclass) if kind.__module__ == rows.__name__]


@pytest.mark.parametrize("kind", [kind for kind in STRUCTS if issubclass(kind, msgspec.Struct)])
def test_rows_cannot_be_changed(kind: type[msgspec.Struct]) -> None:
    assert kind.__struct_config__.frozen
    assert kind.__doc__


def test_states_are_stored_by_their_names() -> None:
    assert [state.value for state in State] == ["running", "completed", "failed", "cancelled", "lost"]
