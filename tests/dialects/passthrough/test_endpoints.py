from __future__ import annotations

import pytest

from outwait.dialects.passthrough.endpoints import ENDPOINTS, PATHS, takes_files
from outwait.dialects.passthrough.watch import _Peek


@pytest.mark.parametrize(
    "path, files",
    [
        ("/v1/images/edits", True),
        ("/v1/images/variations", True),
        ("/v1/audio/transcriptions", True),
        ("/audio/translations", True),
        ("/v1/audio/speech", False),
        ("/v1/chat/completions", False),
        ("/", False),
    ],
)
def test_which_routes_take_files(path: str, files: bool) -> None:
    assert takes_files(path) is files


def test_every_row_is_at_its_path_with_and_without_the_version() -> None:
    for name, row in ENDPOINTS.items():
        assert row.name == name
        assert PATHS[f"/v1{row.path}"] is PATHS[row.path] is row
        assert set(row.answers) <= set(_Peek.__struct_fields__), "an answer's key that the watch does not look at"
