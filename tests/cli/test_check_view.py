from __future__ import annotations

import io

import pytest
from rich.cells import cell_len
from rich.console import Console
from tests.toolkit.check.rows import about, bad, free, good, header, run

from outwait.cli import check_view
from outwait.core.tongue import Tongue
from outwait.toolkit.check.probe import Probe
from outwait.toolkit.check.report import Report, report

QUICK = [good("quick", 0.30 + n / 100) for n in range(10)]
SLOW = [good("a-very-long-name.of-a-host.example.com/v1", 0.60 + n / 100) for n in range(10)]
LATE = Probe(
    endpoint="ill", outcome="timeout", cause="first_byte_timeout", side="upstream", clock="first_byte", span=30.0
)
ILL = [bad("ill", "connect_refused", side="upstream", detail="Connection refused by 10.0.0.1"), *[LATE] * 9]
ABOUTS = (about("quick"), about("a-very-long-name.of-a-host.example.com/v1"), about("ill"), about("more"))


def shown(told: Report, width: int = 120, tongue: Tongue = Tongue.EN) -> str:
    file = io.StringIO()
    check_view.draw(told, Console(file=file, width=width, highlight=False, markup=False), tongue)
    return file.getvalue()


def everything() -> Report:
    rows = [*QUICK, *SLOW, *ILL, *[good("more", 0.9)] * 10]
    return report(header(*ABOUTS), rows, earlier=run(*QUICK, abouts=[about("quick"), about("x")]))


@pytest.mark.parametrize("width", [60, 80, 120, 200])
@pytest.mark.parametrize("tongue", Tongue)
def test_nothing_is_wider_than_the_screen_and_tables_are_straight(width: int, tongue: Tongue) -> None:
    text = shown(everything(), width, tongue)
    assert max(map(cell_len, text.splitlines())) <= width
    boxes = [line for line in text.splitlines() if line[:1] in "│├╭╰" and line]
    begin = [number for number, line in enumerate(boxes) if line[0] == "╭"]
    for at, following in zip(begin, [*begin[1:], len(boxes)], strict=True):
        assert len({cell_len(line) for line in boxes[at:following]}) == 1
    for name in ("quick", "ill", "more"):
        assert name in text


def test_figures_stand_side_by_side_as_far_as_there_is_room() -> None:
    told = everything()
    tables = [len(check_view.figures(told.found, width, Tongue.EN)) for width in (60, 80, 120, 200)]
    assert tables == [4, 2, 2, 1]


def test_the_numbers_are_there() -> None:
    text = shown(everything())
    for words in ("340ms", "390ms", "100%  10/10", "0%  0/10", "TTFT", "40.0", "What failed"):
        assert words in text
    assert "Best: quick: median TTFT is 340ms against 640ms of a-very-long-name" in " ".join(text.split())


def test_failures_say_what_was_seen_and_what_to_do() -> None:
    text = " ".join(shown(everything()).split())
    assert "1 x ill: connect_refused, upstream Nobody listens at that address and port." in text
    assert "Connection refused by 10.0.0.1 -> Start the server" in text
    assert "9 x ill: first_byte_timeout, upstream, first_byte 30s" in text
    assert "ill: only 0% of its probes were answered (90% are wanted): mostly first_byte_timeout" in text


def test_whose_silence_it_was_is_said_where_it_was_a_proxys() -> None:
    proxy = {"cause": "connect_timeout", "side": "middlebox", "clock": "connect", "rule": "proxy_silent"}
    late = Probe(endpoint="ill", outcome="timeout", span=10.0, detail="The proxy http://p:1 did not answer.", **proxy)  # type: ignore[arg-type]  # texts, all of them
    text = " ".join(shown(report(header(about("ill")), [late])).split())
    assert "ill: connect_timeout, middlebox, connect 10s" in text
    assert "The proxy http://p:1 did not answer. -> Nothing reached the endpoint, so nothing was charged." in text


def test_the_comparison_is_a_table() -> None:
    text = " ".join(shown(everything()).split())
    assert "Compared with the run of 2026-11-01T10:00:00Z" in text
    assert "ill: it is not in the earlier run." in text


def test_chinese_is_chinese() -> None:
    text = shown(everything(), tongue=Tongue.ZH)
    for words in ("成功率", "首字节", "最佳：quick", "没有服务在监听", "由此得出的 quick 的时限", "注意", "无变化"):
        assert words in text


def test_one_that_is_well_needs_no_praise() -> None:
    text = shown(report(header(about("quick")), QUICK))
    assert "Best" not in text
    assert "What failed" not in text
    assert "Clocks that follow for quick" in text


def test_nothing_answered() -> None:
    text = shown(report(header(about("ill")), ILL))
    assert "No recommendation: No endpoint answers 90% of its probes" in text
    assert "Clocks" not in text


def test_a_free_request_is_told_as_one() -> None:
    rows = [Probe(endpoint="a", status=200, connect=0.01, first_byte=0.02, total=0.03)] * 10
    text = " ".join(shown(report(header(free()), rows)).split())
    assert "a https://a.test/v1, GET /v1/models" in text
    assert "No model was called (--model)" in text
    assert "TTFT" not in text
