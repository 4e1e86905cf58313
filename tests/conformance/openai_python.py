"""Makes calls with the openai SDK of the interpreter that runs this, all at once, and tells what a program would see.

Reads a list of calls as JSON from standard input, writes one line of JSON for each. It must work with the oldest SDK:
nothing here but what openai 1.0 has.
"""

import json
import sys
import threading
import time
from typing import Any

import openai


def answer(client: Any, call: dict[str, Any]) -> dict[str, Any]:
    asked = {"model": call["model"], "messages": [{"role": "user", "content": call["name"]}]}
    if not call["stream"]:
        reply = client.chat.completions.create(**asked)
        if not reply.choices:
            return {"choices": reply.choices, "text": None}
        return {"text": reply.choices[0].message.content, "finish": reply.choices[0].finish_reason}
    text, finish = "", None
    for chunk in client.chat.completions.create(**asked, stream=True):
        choice = chunk.choices[0]  # as every tutorial does; a chunk without choices would break it
        text += choice.delta.content or ""
        finish = choice.finish_reason or finish
    return {"text": text, "finish": finish}


def play(call: dict[str, Any], told: list[dict[str, Any]]) -> None:
    client = openai.OpenAI(
        base_url=call["url"], api_key=call["key"], max_retries=call["retries"], timeout=call["timeout"]
    )
    start = time.monotonic()
    try:
        row = answer(client, call)
    except Exception as error:  # noqa: BLE001 - what is raised is what this program is about
        row = {"error": type(error).__name__, "message": str(error)[:500]}
        row["api"] = isinstance(error, openai.OpenAIError)
        row["status"] = getattr(error, "status_code", None)
        row["code"] = getattr(error, "code", None)
    finally:
        client.close()
    told.append({"name": call["name"], "seconds": round(time.monotonic() - start, 1), **row})


def main() -> None:
    told: list[dict[str, Any]] = []
    threads = [threading.Thread(target=play, args=(call, told)) for call in json.load(sys.stdin)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.stdout.write("\n".join(map(json.dumps, told)))


if __name__ == "__main__":
    main()
