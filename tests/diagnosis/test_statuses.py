from __future__ import annotations

import pytest

from outwait.diagnosis.statuses import named


@pytest.mark.parametrize(
    "text, statuses",
    [
        ("error code: 504 - {'message'", [504]),
        ("http/1.1 502 bad gateway", [502]),
        ("request failed with status code 429", [429]),
        ("statuscode:403}", [403]),
        ("the server responded with a status of 404 (not found)", [404]),
        ("[503 ] the service", [503]),
        ("| 499 | 1m0s | 172.17.0.1", [499]),
        ("api error: 500 {", [500]),
        ("503 service unavailable", [503]),
        ("stream request failed: 429", [429]),
        ("返回状态码：502", [502]),
        ("error code: 504 and error code: 504", [504]),
        ("502 bad gateway: status code 401", [401, 502]),
        ("timeout=500 after 400 tokens, 503 ms, port 8443", []),
        ("readexactly(500)", []),
        ("status code 477", []),
        ("599: error from the transport", []),  # an application's own number
        ("598: client error", []),
        ("http 599: timeout", [599]),
        # Chinese sets no blanks beside a number
        ("返回504错误", [504]),
        ("报504", [504]),
        ("就504超时", [504]),
        ("直接504网关超时", [504]),
        ("回傳502錯誤", [502]),
        ("status code 503错误", [503]),
        ("返回500条结果，提示400字，报错500元", []),
        # as people tell it
        ("the platform answers 504, then it retries", [504]),
        ("we get a 502 from the proxy", [502]),
        ("consistently 504 at 60 s", [504]),
        ("状态是504", [504]),
        ("504エラー / 502 오류", [502, 504]),
        ("a 500 word essay; the 503 rows", []),
    ],
)
def test_statuses_that_a_text_names(text: str, statuses: list[int]) -> None:
    assert sorted(int(found["status"]) for found in named(text)) == statuses
