from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from outwait.toolkit.net.hosts import addresses, candidates

FILE = """
127.0.0.1  localhost box  # this one
::1 localhost
# 10.0.0.9 old.corp
10.0.0.7\tapi.corp API2.corp
nonsense api.corp
"""


def test_the_hosts_file() -> None:
    assert addresses(FILE, "localhost") == ("127.0.0.1", "::1")
    assert addresses(FILE, "api2.CORP.") == ("10.0.0.7",)
    assert addresses(FILE, "api.corp") == ("10.0.0.7",)
    assert addresses(FILE, "old.corp") == ()
    assert addresses(FILE, "10.0.0.7") == ()


def test_the_search_list() -> None:
    assert candidates("vllm", ["corp.example", "."], 1) == ("vllm.corp.example", "vllm")
    assert candidates("a.b", ["corp.example."], 1) == ("a.b", "a.b.corp.example")
    assert candidates("a.b", ["corp"], 5) == ("a.b.corp", "a.b")
    assert candidates("vllm.", ["corp"], 1) == ("vllm",)


@given(st.text(max_size=200), st.text(max_size=20))
def test_any_file_can_be_read(text: str, name: str) -> None:
    assert isinstance(addresses(text, name), tuple)
