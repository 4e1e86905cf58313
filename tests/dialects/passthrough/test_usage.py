from __future__ import annotations

import pytest

from outwait.core.reply import Usage
from outwait.dialects.passthrough.usage import usage_of


@pytest.mark.parametrize(
    "usage, meta, counted",
    [
        ({"prompt_tokens": 8, "total_tokens": 8}, None, Usage(input=8)),
        ({"prompt_tokens": 8, "completion_tokens": 3, "total_tokens": 11}, None, Usage(input=8, output=3)),
        ({"input_tokens": 50, "output_tokens": 4096, "total_tokens": 4146}, None, Usage(input=50, output=4096)),
        ({"total_tokens": 815}, None, Usage(input=815)),
        ({"total_tokens": 5, "output_tokens": 7}, None, Usage(input=0, output=7)),
        ({"output_tokens": 7}, None, Usage(output=7)),
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 4,
                "prompt_tokens_details": {"cached_tokens": 6},
                "completion_tokens_details": {"reasoning_tokens": 2},
            },
            None,
            Usage(input=9, output=4, cached=6, reasoning=2),
        ),
        ({"input_tokens": 9, "input_tokens_details": {"cached_tokens": 6}}, None, Usage(input=9, cached=6)),
        ({"type": "duration", "seconds": 8}, None, None),
        ({"prompt_tokens": True, "total_tokens": -1}, None, None),
        ({"prompt_tokens": "8"}, None, None),
        (None, {"tokens": {"input_tokens": 12, "output_tokens": 1}}, Usage(input=12, output=1)),
        (None, {"billed_units": {"search_units": 1}}, None),
        (None, {"billed_units": {"total_tokens": 3}, "tokens": None}, Usage(input=3)),
        ([1], "x", None),
        (None, None, None),
    ],
)
def test_counts(usage: object, meta: object, counted: Usage | None) -> None:
    assert usage_of(usage, meta) == counted
