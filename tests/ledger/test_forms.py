from __future__ import annotations

import io
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from outwait.core.entry import Entry
from outwait.core.fault import fault
from outwait.core.reply import Usage
from outwait.ledger.forms import FORMS, Forms
from outwait.ledger.lines import as_json, exchange_fields
from outwait.ledger.logs import Logs
from outwait.ledger.redact import Redactor

SECRETS = ('can"ary\\one', "canäry-漢字", "canary %s %.3f %", "canary\nline", "canary-plain")
LOOKS_LIKE_A_KEY = "sk-" + "Canary4f1d9c" * 2
CLEAN = Redactor(SECRETS)

WORDS = st.builds(
    lambda before, secret, after: f"{before} {secret} {after}",
    st.text(max_size=6) | st.text('%sd.3f"\\', max_size=6) | st.just("x" * 115),
    st.sampled_from(("", *SECRETS, LOOKS_LIKE_A_KEY, f"Bearer {LOOKS_LIKE_A_KEY}", "https://u:canary@h/")),
    st.text(max_size=6) | st.just("x" * 200) | st.just("x" * 110),
)
SPANS = st.floats(0, 5000)
MARKS = st.tuples(SPANS, st.sampled_from(("accepted", "head", "no retry", "100 %")), WORDS)
PLAIN = {
    "key": WORDS,
    "model": WORDS,
    "upstream_model": WORDS,
    "client": WORDS,
    "stream": st.booleans(),
    "status": st.sampled_from((0, 200)),
    "outcome": st.sampled_from(("completed", "cancelled")),
    "started": st.floats(1e9, 4e9) | st.integers(1, 99).map(lambda n: 1.7e9 + n - 1e-7),
    "duration": SPANS,
    "first_byte": SPANS.filter(bool),
    "first_token": SPANS.filter(bool),
    "silence": SPANS.filter(bool),
    "usage": st.none() | st.builds(Usage, *[st.integers(0, 1 << 53)] * 4),
    "timeline": st.lists(MARKS, min_size=1, max_size=5),
}
ODD: dict[str, st.SearchStrategy[Any]] = {
    "exchange": st.text(max_size=6),
    "first_byte": st.none() | st.just(0.0),
    "first_token": st.none(),
    "silence": st.just(0.0),
    "attempts": st.just(2),
    "heartbeats": st.just(3),
    "retries": st.just(("safe",)),
    "rescued": st.just(True),
    "adopted": st.just(True),
    "attached": st.just(True),
    "replayed": st.just(True),
    "reattached": st.just(True),
    "timeline": st.just([]),
    "fault": WORDS.map(lambda words: fault("upstream_error", words, detail=words)),
}


def slowly(entry: Entry) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(as_json(exchange_fields(entry, CLEAN)))
    return fields


@given(st.fixed_dictionaries(PLAIN), st.fixed_dictionaries({}, optional=ODD))
def test_a_line_says_what_its_fields_say_and_no_secret(entry: Any, plain: dict[str, Any], odd: dict[str, Any]) -> None:
    made = entry(**(plain | odd))
    forms = Forms(CLEAN)
    first, again = forms.line(made), forms.line(made)
    assert first == again
    assert first.endswith("}\n")
    assert first.count("\n") == 1
    told = json.loads(first)
    assert told == slowly(made)
    assert list(told) == list(slowly(made))
    assert "canary" not in str(told).lower()
    assert "canäry" not in str(told)


def test_ordinary_answers_share_a_form(entry: Any) -> None:
    forms = Forms(CLEAN)
    one, two = entry(usage=Usage(1, 2, 3, 4)), entry(usage=Usage(5, 6), exchange="ow_2", started=1e9, duration=0.5)
    assert [json.loads(forms.line(each)) for each in (one, two)] == [slowly(one), slowly(two)]
    assert len(forms._forms) == 1


def test_whatever_is_told_besides_makes_another_form(entry: Any) -> None:
    forms = Forms(CLEAN)
    changes: list[dict[str, Any]] = [
        {name: "other"}
        for name in ("key", "dialect", "endpoint", "model", "scenario", "channel", "upstream_model", "client")
    ]
    changes += [{"outcome": "cancelled"}, {"delivered": "none"}, {"status": 499}, {"stream": False}]
    changes += [{"usage": Usage()}, {"timeline": ((0.0, "accepted", "x"),)}, {"timeline": ((0.0, "refused", "chat"),)}]
    for change in [{}, *changes, *changes]:
        assert json.loads(forms.line(entry(**change))) == slowly(entry(**change))
    assert len(forms._forms) == 1 + len(changes)


def test_the_memory_is_bounded(entry: Any) -> None:
    forms = Forms(CLEAN)
    for number in range(FORMS + 1):
        forms.line(entry(client=f"c{number}"))
    assert len(forms._forms) == 1
    forms.line(entry(client="c" * 100_000))
    assert len(forms._forms) == 1


def test_trouble_is_written_field_by_field(entry: Any) -> None:
    forms = Forms(CLEAN)
    failed = entry(outcome="failed", fault=fault("upstream_reset", detail=SECRETS[0]))
    assert json.loads(forms.line(failed)) == slowly(failed)
    assert not forms._forms


def test_a_new_secret_is_masked_in_the_very_next_line(entry: Any) -> None:
    stream = io.StringIO()
    logs = Logs("info", "json", (), stream)
    logs.absorb([entry(client="canary")])
    logs.redactor = Redactor(["canary"])
    logs.absorb([entry(client="canary")])
    assert logs.drain(10.0)
    first, second = stream.getvalue().splitlines()
    assert "canary" in first
    assert "canary" not in second
