"""A Gemini request read into the neutral one, naming the field where it is malformed or exists only here.

`generationConfig.responseModalities` and the like, which have no neutral form, go to `Ask.rest` under that name.
"""

from __future__ import annotations

from typing import Any

from outwait.core.ask import Ask, Message, Output, Reasoning, Sampling, Tool, ToolChoice
from outwait.core.fault import Refusal, fault
from outwait.core.part import Part, Text
from outwait.core.request import Call
from outwait.dialects import document
from outwait.dialects.gemini.ask_contents import Contents
from outwait.dialects.gemini.fields import Fields, unsaid, wrong
from outwait.dialects.gemini.schema import json_schema
from outwait.dialects.gemini.tables import EFFORTS
from outwait.dialects.gemini.target import COUNT, GENERATE

_TOP = frozenset({"model", "contents", "systemInstruction", "tools", "toolConfig", "generationConfig"})
_CONFIG = frozenset({
    "temperature", "topP", "topK", "seed", "frequencyPenalty", "presencePenalty", "responseLogprobs", "logprobs",
    "candidateCount", "maxOutputTokens", "stopSequences", "responseMimeType", "responseSchema", "responseJsonSchema",
    "thinkingConfig", "responseModalities",
})  # fmt: skip
_DECLARED = ("response", "responseJsonSchema", "behavior")
_JSON, _TEXT = "application/json", "text/plain"


def ask(call: Call) -> Ask:
    """The neutral request in a call to generate or to count tokens."""
    if call.endpoint not in {GENERATE, COUNT}:
        unsaid("model", "Embeddings of Gemini are not translated; no channel of this dialect serves the model.")
    try:
        fields = Fields(document.loads(call.body), "")
    except ValueError as error:
        raise Refusal(fault("invalid_json", f"The request body is not valid JSON: {error}.")) from None
    if call.endpoint == COUNT and "generateContentRequest" in fields:
        fields = fields.object("generateContentRequest") or fields
    rest = dict(fields.others(_TOP))
    tools = _tools(fields, rest)
    config = fields.object("generationConfig")
    worded = {} if config is None else _config(config)
    if config is not None:
        rest.update((f"generationConfig.{name}", value) for name, value in config.others(_CONFIG))
    choice = _choice(fields, rest)
    return Ask(call.model, _messages(fields), call.stream, tools, choice, usage=call.stream, rest=rest, **worded)


def _messages(fields: Fields) -> tuple[Message, ...]:
    contents = Contents()
    system = fields.raw("systemInstruction")
    if isinstance(system, str):
        contents.messages.append(Message("system", (Text(system),)))
    elif system is not None:
        parts = tuple(_system(fields.object("systemInstruction") or fields))
        if parts:
            contents.messages.append(Message("system", parts))
    for item, path in fields.items("contents"):
        contents.add(item, path)
    return tuple(contents.messages)


def _system(content: Fields) -> list[Part]:
    parts: list[Part] = []
    for item, path in content.items("parts"):
        part = Fields({"text": item}, path) if isinstance(item, str) else Fields(item, path)
        for name, _ in part.others({"text"}):
            unsaid(part.at(name))
        parts.append(Text(part.text("text") or ""))
    return parts


def _config(config: Fields) -> dict[str, Any]:
    """The fields of the neutral request that `generationConfig` says."""
    sampling = Sampling(
        config.number("temperature"),
        config.number("topP"),
        config.integer("topK"),
        config.integer("seed"),
        config.number("frequencyPenalty"),
        config.number("presencePenalty"),
        logprobs=config.flag("responseLogprobs"),
        top_logprobs=config.integer("logprobs"),
    )
    return {
        "sampling": sampling,
        "count": config.integer("candidateCount"),
        "limit": config.integer("maxOutputTokens"),
        "stop": config.texts("stopSequences"),
        "modalities": tuple(form.lower() for form in config.texts("responseModalities")),
        "output": _output(config),
        "reasoning": _reasoning(config.object("thinkingConfig")),
    }


def _output(config: Fields) -> Output | None:
    mime = config.text("responseMimeType")
    schema = config.mapping("responseJsonSchema")
    if schema is None and "responseSchema" in config:
        schema = json_schema(config.raw("responseSchema"), config.at("responseSchema"))
    if mime not in {None, "", _JSON, _TEXT}:
        unsaid(config.at("responseMimeType"))
    if schema is not None:
        return Output("schema", schema)
    return {_JSON: Output("json"), _TEXT: Output("text")}.get(mime or "")


def _reasoning(thinking: Fields | None) -> Reasoning | None:
    if thinking is None:
        return None
    for name, _ in thinking.others({"includeThoughts", "thinkingBudget", "thinkingLevel"}):
        unsaid(thinking.at(name))
    level = thinking.word("thinkingLevel")
    if level is not None and level not in EFFORTS:
        wrong(thinking.at("thinkingLevel"), "one of " + ", ".join(EFFORTS))
    budget = thinking.integer("thinkingBudget")
    if budget is not None and budget < -1:
        wrong(thinking.at("thinkingBudget"), "-1, 0 or a number of tokens")
    show = thinking.flag("includeThoughts")
    effort = None if level is None else EFFORTS[level]
    return None if (effort, budget, show) == (None, None, None) else Reasoning(effort, budget, show)


def _tools(fields: Fields, rest: dict[str, Any]) -> tuple[Tool, ...]:
    """The functions; what stands beside them goes to `rest` by their names."""
    made: list[Tool] = []
    for item, path in fields.items("tools"):
        tool = Fields(item, path)
        for name, _ in tool.others({"functionDeclarations"}):
            unsaid(tool.at(name))
        for declared, at in tool.items("functionDeclarations"):
            function = Fields(declared, at)
            made.append(_tool(function))
            for name, value in function.others({"name", "description", "parameters", "parametersJsonSchema"}):
                if name not in _DECLARED:
                    unsaid(function.at(name))
                key = "tools.functionDeclarations." + ("response" if name == "responseJsonSchema" else name)
                rest.setdefault(key, {}).setdefault(made[-1].name, {})[name] = value
    return tuple(made)


def _tool(function: Fields) -> Tool:
    name = function.text("name") or wrong(function.at("name"), "the name of a function")
    schema = function.mapping("parametersJsonSchema")
    if schema is None and "parameters" in function:
        schema = json_schema(function.raw("parameters"), function.at("parameters"))
    return Tool(name, function.text("description"), schema)


def _choice(fields: Fields, rest: dict[str, Any]) -> ToolChoice | None:
    config = fields.object("toolConfig")
    if config is None:
        return None
    rest.update((f"toolConfig.{name}", value) for name, value in config.others({"functionCallingConfig"}))
    calling = config.object("functionCallingConfig")
    if calling is None:
        return None
    known = {"mode", "allowedFunctionNames"}
    rest.update((f"{calling.path}.{name}", value) for name, value in calling.others(known))
    mode, names = calling.word("mode"), calling.texts("allowedFunctionNames")
    if mode not in {None, "AUTO", "ANY", "NONE", "VALIDATED"}:
        wrong(calling.at("mode"), "AUTO, ANY, NONE or VALIDATED")
    if names and mode not in {"ANY", "VALIDATED"}:
        wrong(calling.at("allowedFunctionNames"), "left out unless mode is ANY or VALIDATED")
    if mode == "ANY":
        return ToolChoice("named" if names else "required", names)
    if mode == "VALIDATED" and not names:
        rest[calling.at("mode")] = mode
    return None if mode is None else ToolChoice("none" if mode == "NONE" else "auto", names)
