"""The rules of the fault matrix are whole, keep their own promises, and stand on the page."""

from __future__ import annotations

import re

from tests.faults import page, rules
from tests.faults.cells import DEATHS, Cell, Fault, Mode, Phase, Reader, absent, every, played
from tests.faults.findings import FINDINGS
from tests.faults.rules import expected

CELLS = played()


def test_every_combination_is_played_or_says_why_not() -> None:
    whole = list(every())
    assert len(whole) == len(Fault) * len(Phase) * 4 * len(Mode) * len(Reader)
    assert len({cell.model for cell in whole}) == len(whole)
    assert {absent(cell) for cell in whole} - {None}
    assert {cell.fault for cell in CELLS} == set(Fault)
    for fault in Fault:
        assert {cell.phase for cell in CELLS if cell.fault is fault} == set(Phase)
        assert {cell.mode for cell in CELLS if cell.fault is fault} == set(Mode)


def test_only_a_paid_retry_asks_twice() -> None:
    assert {cell.reader for cell in CELLS if expected(cell).calls > 1} == {Reader.PAID}


def test_what_failed_without_words_is_told_as_an_error_wherever_somebody_waits() -> None:
    odd = (rules.WHOLE, rules.LEFT, rules.NOTHING, rules.CUT)
    assert not [cell.name for cell in CELLS if expected(cell).state == rules.FAILED and not cell.left
                and expected(cell).told in odd]  # fmt: skip


def test_whoever_went_without_the_whole_answer_finds_it_again_unless_the_call_was_given_up() -> None:
    for cell in CELLS:
        wanted = expected(cell)
        broken = wanted.told in (rules.LEFT, rules.CUT, rules.NOTHING, rules.ERROR_CUT)
        if broken and wanted.fault != "client_gave_up":
            assert wanted.kept, cell.name


def test_nothing_but_words_makes_a_failure_committed() -> None:
    assert {cell.phase for cell in CELLS if expected(cell).retry_class == "committed"} == {Phase.FLOWING}


def test_only_the_gateways_own_end_loses_an_exchange() -> None:
    assert {cell.fault for cell in CELLS if expected(cell).state == rules.LOST} <= set(DEATHS)


def test_each_finding_is_about_some_cell() -> None:
    assert [each.what for each in FINDINGS if not any(each.covers(cell) for cell in CELLS)] == []


def test_the_page_says_what_the_rules_say() -> None:
    text = page.PAGE.read_text("utf-8")
    generated = text.partition(page.BEGIN)[2].partition(page.END)[0].strip()
    made, _, tables = generated.partition("\n\n")
    assert re.fullmatch(r"Made on \d{4}-\d\d-\d\d: [\d,]+ cells played, [\d,]+ as they must be.*", made)
    assert tables.strip() == page.markdown().strip(), "run `make faults`"


def test_a_cell_has_one_name() -> None:
    cell = Cell(Fault.UPSTREAM_RST, Phase.HELD, "chat", Mode.JSON, Reader.STAYS)
    assert (cell.name, cell.left, cell.stream) == ("upstream RST, held, chat JSON, stays", False, False)
