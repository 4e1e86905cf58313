"""The neutral request worded for a Gemini upstream, to generate or to count tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from outwait.core.ask import Ask, Output, Sampling, Tool, ToolChoice, Wording
from outwait.core.plan import Candidate
from outwait.dialects import document
from outwait.dialects.gemini.models import thinking
from outwait.dialects.gemini.target import COUNT
from outwait.dialects.gemini.word_contents import Worder, refuse

_DECLARED = "tools.functionDeclarations."
_SAMPLING = {
    "temperature": "temperature",
    "top_p": "topP",
    "top_k": "topK",
    "seed": "seed",
    "frequency_penalty": "frequencyPenalty",
    "presence_penalty": "presencePenalty",
    "logprobs": "responseLogprobs",
    "top_logprobs": "logprobs",
}


def word(ask: Ask, candidate: Candidate) -> Wording:
    """The body for `candidate`. Raises Refusal for what Gemini cannot be told."""
    worder = Worder(candidate)
    worder.add(ask.messages)
    body: dict[str, Any] = {"contents": worder.contents}
    if worder.system:
        body["systemInstruction"] = {"parts": worder.system}
    if ask.tools:
        body["tools"] = [{"functionDeclarations": [_declared(tool, worder) for tool in ask.tools]}]
        if calling := _calling(ask.choice, worder):
            body["toolConfig"] = {"functionCallingConfig": calling}
    config = _config(ask, candidate.model, worder)
    if candidate.endpoint == COUNT:
        return Wording(document.dumps(_counted(body, candidate)), tuple(worder.dropped))
    if config:
        body["generationConfig"] = config
    for path, value in ask.rest.items():
        _put_back(body, path, value)
    return Wording(document.dumps(body), tuple(worder.dropped))


def _counted(body: dict[str, Any], candidate: Candidate) -> dict[str, Any]:
    """The body that asks how many tokens the request `body` has; only what is counted."""
    if candidate.provider == "vertex":
        return {key: value for key, value in body.items() if key != "toolConfig"}
    return {"generateContentRequest": {"model": f"models/{candidate.model}", **body}}


def _declared(tool: Tool, worder: Worder) -> dict[str, Any]:
    if tool.custom:
        refuse(f"The tool {tool.name!r}, which takes free text,", "tools")
    if tool.strict:
        worder.drop("tools.strict")
    if tool.cache is not None:
        worder.drop("tools.cache")
    told: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        told["description"] = tool.description
    if tool.schema is not None:
        # Whole JSON schema; `parameters` knows only a part of it, with types in capitals.
        told["parametersJsonSchema"] = tool.schema
    return told


def _calling(choice: ToolChoice | None, worder: Worder) -> dict[str, Any]:
    if choice is None:
        return {}
    if choice.parallel is False and choice.mode != "none":
        worder.drop("choice.parallel")
    if choice.mode is None:
        return {}
    # Only VALIDATED may name the functions that are allowed without asking for a call.
    mode = {"none": "NONE", "auto": "VALIDATED" if choice.names else "AUTO"}.get(choice.mode, "ANY")
    return {"mode": mode} | ({"allowedFunctionNames": list(choice.names)} if choice.names else {})


def _config(ask: Ask, model: str, worder: Worder) -> dict[str, Any]:
    config = _sampled(ask.sampling)
    if ask.limit is not None:
        config["maxOutputTokens"] = ask.limit
    if ask.stop:
        config["stopSequences"] = list(ask.stop)
    if ask.count is not None:
        config["candidateCount"] = ask.count
    if ask.modalities:
        config["responseModalities"] = [form.upper() for form in ask.modalities]
    config |= _formed(ask.output)
    if ask.reasoning is not None:
        if ask.reasoning.summary not in {None, "auto"}:
            worder.drop("reasoning.summary")
        told = thinking(ask.reasoning, model)
        if told is None:
            worder.drop("reasoning")
        elif told:
            config["thinkingConfig"] = told
    return config


def _sampled(sampling: Sampling) -> dict[str, Any]:
    values = ((key, getattr(sampling, name)) for name, key in _SAMPLING.items())
    return {key: value for key, value in values if value is not None}


def _formed(output: Output | None) -> dict[str, Any]:
    if output is None:
        return {}
    if output.kind == "text":
        return {"responseMimeType": "text/plain"}
    told: dict[str, Any] = {"responseMimeType": "application/json"}
    if output.kind == "schema" and output.schema is not None:
        described = {} if output.description is None else {"description": output.description}
        told["responseJsonSchema"] = described | dict(output.schema)
    return told


def _put_back(body: dict[str, Any], path: str, value: Any) -> None:
    """Put a field of the client's own dialect back in its place."""
    if path.startswith(_DECLARED):
        for tool in body.get("tools", ()):
            for declared in tool["functionDeclarations"]:
                told = value.get(declared["name"]) if isinstance(value, Mapping) else None
                declared.update(told or {})
        return
    *parents, name = path.split(".")
    for parent in parents:
        body = body.setdefault(parent, {})
    body[name] = value
