from __future__ import annotations

from outwait.store import schema
from outwait.store.rows import Claim, EventRow, ExchangeRow, ResponseRow, ResultRow


def test_each_row_has_its_columns() -> None:
    for row, table in ((Claim, schema.claims), (EventRow, schema.outbox)):
        assert set(row.__struct_fields__) == set(table.c.keys())
    assert set(ExchangeRow.__struct_fields__) - {"owner"} == set(schema.exchanges.c.keys()) - {"worker", "boot"}
    assert set(ResultRow.__struct_fields__) | {"body"} == set(schema.results.c.keys())
    assert set(ResponseRow.__struct_fields__) | {"size"} == set(schema.responses.c.keys())
