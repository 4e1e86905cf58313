from __future__ import annotations

import json
import re
import shlex

from outwait.toolkit.timeouts.advice import Facts, advise
from outwait.toolkit.timeouts.emit_clients_curl import curl


def words(*, stream: bool) -> list[str]:
    """The words of the curl command."""
    text = curl(advise(Facts(model="o3", stream=stream))).text.replace("\\\n", " ")
    line = next(line for line in text.splitlines() if line.strip().startswith("curl --"))
    return shlex.split(line)


def after(found: list[str], option: str) -> str:
    return found[found.index(option) + 1]


def test_a_stream_has_limits_for_silence_and_for_all_of_it() -> None:
    client = advise(Facts(model="o3")).chain.client
    found = words(stream=True)
    assert after(found, "--connect-timeout") == f"{client.connect:g}"
    assert after(found, "--max-time") == f"{client.total:g}"
    assert after(found, "--speed-time") == f"{client.idle:g}"
    assert "--no-buffer" in found
    assert "--retry" not in found


def test_a_whole_reply_has_no_limit_for_silence() -> None:
    assert "--speed-time" not in words(stream=False)


def test_the_body_is_json_with_the_model_in_it() -> None:
    for stream in (True, False):
        body = json.loads(after(words(stream=stream), "-d").replace("$model", "o3"))
        assert (body["model"], body["stream"]) == ("o3", stream)


def test_a_wild_model_is_one_word_of_shell_and_json() -> None:
    text = curl(advise(Facts(model="""a"b'c"""))).text
    line = next(line for line in text.splitlines() if line.startswith("model="))
    found = re.fullmatch(r"model=\$\{MODEL:-(.*)\}", line)
    assert found
    assert json.loads(f'"{shlex.split(found[1])[0]}"') == """a"b'c"""
