"""What options mean; what is wrong with wrong ones is in test_timeouts.py."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from outwait.cli.timeouts_ask import Asked, Words, understood, written
from outwait.core.tongue import Tongue
from outwait.toolkit.timeouts.advice import Facts, Place, advise
from outwait.toolkit.timeouts.emit import emit

PLAIN = Words("o3", None, "default", True, None, None, None, None, None, "127.0.0.1:8787", 8080, 1.0)


def asked(**words: object) -> Asked:
    given = {name: getattr(PLAIN, name) for name in PLAIN.__slots__} | words
    return understood(Words(**given), Tongue.EN, measured=False)


def test_a_model_alone() -> None:
    place = Place(url="http://127.0.0.1:8080")
    assert asked() == Asked(Facts("o3", behind=("nginx",), place=place), ("outwait", "nginx", "openai-python"))


def test_a_run_may_name_the_model() -> None:
    nameless = Words(None, *(getattr(PLAIN, name) for name in PLAIN.__slots__[1:]))
    assert understood(nameless, Tongue.EN, measured=True).facts.model == ""


def test_what_stands_on_the_way_is_named_shortly_and_in_order() -> None:
    assert asked(behind=" AWS-ALB , nginx,").facts.behind == ("alb", "nginx")
    assert asked(behind="cloudflare", targets="haproxy").facts.behind == ("cloudflare", "haproxy")
    assert asked(targets="nginx,haproxy").facts.behind == ()


def test_spans_of_heartbeats() -> None:
    assert (asked(every="1m").facts.beats, asked(every="1m").facts.every) == (True, 60)
    assert (asked(every="off").facts.beats, asked(every="off").facts.every) == (False, None)


def test_clients_call_what_stands_next_to_them_unless_told_otherwise() -> None:
    assert asked(gateway="[::1]:9", listen=80, targets="curl").facts.place == Place("[::1]:9", 80, "http://[::1]:9")
    assert asked(behind="cloudflare,haproxy,nginx", listen=80).facts.place.url == "http://127.0.0.1:81"
    assert asked(url="https://a.example/llm/v1").facts.place.url == "https://a.example/llm"


def test_files_are_written_whole(tmp_path: Path) -> None:
    snippets = [emit(target, advise(Facts("o3"))) for target in ("nginx", "curl")]
    paths = written(snippets, tmp_path / "new", Tongue.EN, overwrite=False)
    assert [path.read_text() for path in paths] == [snippet.text for snippet in snippets]


@pytest.mark.parametrize(
    "address", ["..:80", "-x:80", "h:00080", "h:0", "h:65536", "127.0.0.1:\uff18\uff17", "a;b:80", "]:80"]
)
def test_an_address_that_no_settings_can_hold(address: str) -> None:
    with pytest.raises(typer.BadParameter, match="is no address"):
        asked(gateway=address)


def test_a_url_with_a_query_is_none() -> None:
    with pytest.raises(typer.BadParameter, match="is no URL"):
        asked(url="http://x/a?b&c")


def test_proxies_need_ports_that_exist() -> None:
    assert asked(behind="nginx", listen=65535).facts.place.url == "http://127.0.0.1:65535"
    with pytest.raises(typer.BadParameter, match="end at 65535"):
        asked(behind="nginx,haproxy", listen=65535)
