"""Settings of curl: a script for a POSIX shell that runs as it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from outwait.core.tongue import Said
from outwait.toolkit.timeouts.advice import Advice
from outwait.toolkit.timeouts.emit_clients_fill import QUESTION, fill, notes, shell
from outwait.toolkit.timeouts.snippet import Emitter, Snippet

_SCRIPT = """\
#!/bin/sh
# curl: ends with curl's own status; 28 is a timeout, 22 an HTTP error, 18 a cut answer
url=${OPENAI_BASE_URL:-@PLACE@}
key=${OPENAI_API_KEY:-any-key}
model=${MODEL:-@MODEL@}

# Only what surely was not worked on is tried again: no address (6), no connection (7). `--retry` also repeats timeouts
# and 5xx, which may have been paid.
tries=0
while :; do
  curl --silent --show-error --fail-with-body @MODE@\\
    --connect-timeout @connect@ --max-time @total@ \\
    "$url/chat/completions" \\
    -H "Authorization: Bearer $key" -H 'Content-Type: application/json' \\
    -d @BODY@
  status=$?
  [ "$status" = 6 ] || [ "$status" = 7 ] || exit "$status"
  [ "$tries" -lt @retries@ ] || exit "$status"
  tries=$((tries + 1))
  sleep "$tries"
done
"""

# A heartbeat of a stream has 8 bytes, enough for curl to see a speed of 1 byte/s; one before JSON has a single byte.
_STREAM = """\
--no-buffer \\
    --speed-limit 1 --speed-time @idle_whole@ """

_BEATS = Said(
    "--speed-time ends a call that is silent for so long; heartbeats of a stream count, but the single bytes before a "
    "JSON reply are too slow for it, so it is left out there.",
    "--speed-time 会结束沉默这么久的调用；流式心跳算数，但 JSON 回答之前的单字节心跳对它来说太慢，所以那里不设置它。",
)


def _word(text: str) -> str:
    """`text` as a word of the shell that can also stand between the quotes of a JSON string."""
    return shell(json.dumps(text)[1:-1])


def curl(advice: Advice) -> Snippet:
    """A shell script around one curl command."""
    stream = advice.facts.stream
    body = json.dumps(
        {"model": "MODEL", "stream": stream, "messages": [{"role": "user", "content": QUESTION}]}
    ).replace('"MODEL"', '"\'"$model"\'"')
    template = _SCRIPT.replace("@MODE@", _STREAM if stream else "").replace("@BODY@", f"'{body}'")
    text = fill(template.replace("@PLACE@", "@url@").replace("@MODEL@", "@model@"), advice, quote=_word)
    return Snippet(
        "curl",
        Said("curl: a call that waits long enough", "curl：等得够久的调用"),
        "sh",
        "ask_curl.sh",
        text,
        "sh -n {file}",
        notes(advice, *((_BEATS,) if stream else ()), retried=False),
    )


CURL: Final[Mapping[str, Emitter]] = MappingProxyType({"curl": curl})
