"""A chat request read into the neutral one.

Only calls that go to another dialect come here. What is malformed is refused by its path in the body; what chat
completions define and the neutral request has no place for goes to `Ask.rest`, as does whatever nobody knows.
"""

from __future__ import annotations

from outwait.core.ask import Ask, Output, Reasoning, Sampling, Tool
from outwait.core.request import Call
from outwait.dialects import document, openai_asked
from outwait.dialects.fields import Fields, Strange, unknown
from outwait.dialects.openai_chat import turns


def ask(call: Call) -> Ask:
    """The neutral request of `call`. Raises Refusal for a malformed one, naming the field."""
    fields, strange = Fields(document.loads(call.body)), Strange()
    limits = (fields.count("max_completion_tokens"), fields.count("max_tokens"))
    options = fields.inner("stream_options")
    made = Ask(
        model=fields.need("model"),
        messages=turns.messages(fields, strange),
        stream=fields.flag("stream") is True,
        tools=tuple(_tool(tool, strange) for tool in fields.each("tools")),
        choice=openai_asked.choice(fields, strange, nested=True),
        output=_output(fields, strange),
        reasoning=_reasoning(fields, strange),
        sampling=_sampling(fields),
        limit=limits[1] if limits[0] is None else limits[0],
        stop=_stop(fields),
        count=fields.count("n", 1),
        user=openai_asked.user(fields, strange),
        metadata=fields.mapping("metadata"),
        tier=fields.text("service_tier"),
        store=fields.flag("store"),
        usage=options is not None and options.flag("include_usage") is True,
        verbosity=fields.one_of("verbosity", openai_asked.VERBOSITY),
        modalities=fields.texts("modalities"),
        rest=strange.rest,
    )
    if options is not None:
        strange.keep(options, "stream_options")
    strange.keep(fields, "")
    return made


def _stop(fields: Fields) -> tuple[str, ...]:
    value = fields.raw("stop")
    if isinstance(value, str):
        return (value,)
    return Fields({"stop": value}).texts("stop")


def _sampling(fields: Fields) -> Sampling:
    return Sampling(
        temperature=fields.number("temperature"),
        top_p=fields.number("top_p"),
        top_k=fields.integer("top_k"),
        seed=fields.integer("seed"),
        frequency_penalty=fields.number("frequency_penalty"),
        presence_penalty=fields.number("presence_penalty"),
        logit_bias=fields.mapping("logit_bias"),
        logprobs=fields.flag("logprobs"),
        top_logprobs=fields.count("top_logprobs"),
    )


def _tool(fields: Fields, strange: Strange) -> Tool:
    kind, cache = fields.need("type"), fields.mapping("cache_control")
    if kind == "function":
        inner = fields.need_inner("function")
        made = Tool(
            inner.need("name"),
            inner.text("description"),
            inner.mapping("parameters"),
            inner.flag("strict"),
            cache=cache,
        )
    elif kind == "custom":
        inner = fields.need_inner("custom")
        made = Tool(inner.need("name"), inner.text("description"), _format(inner), custom=True, cache=cache)
    else:
        unknown(fields.at("type"), f"a tool of type {kind!r}")
    strange.keep(inner, f"tools.{kind}")
    strange.keep(fields, "tools")
    return made


def _format(custom: Fields) -> dict[str, object] | None:
    """The format of a custom tool: `{type: text}` or `{type: grammar, syntax, definition}`, as Responses write it."""
    fields = custom.inner("format")
    if fields is None:
        return None
    kind = fields.need("type")
    if kind == "text":
        return {"type": kind}
    if kind != "grammar":
        unknown(fields.at("type"), f"a format of type {kind!r}")
    grammar = fields.need_inner("grammar")
    return {"type": kind, "syntax": grammar.need("syntax"), "definition": grammar.need("definition")}


def _output(fields: Fields, strange: Strange) -> Output | None:
    form = fields.inner("response_format")
    if form is None:
        return None
    kind = form.need("type")
    if kind == "text":
        made = Output("text")
    elif kind == "json_object":
        made = Output("json")
    elif kind == "json_schema":
        inner = form.need_inner("json_schema")
        made = Output(
            "schema", inner.mapping("schema"), inner.need("name"), inner.text("description"), inner.flag("strict")
        )
        strange.keep(inner, "response_format.json_schema")
    else:
        unknown("response_format.type", f"an answer of type {kind!r}")
    strange.keep(form, "response_format")
    return made


def _reasoning(fields: Fields, strange: Strange) -> Reasoning | None:
    """However it is asked for: OpenAI's effort, OpenRouter's object, DeepSeek's and GLM's `thinking`, Qwen's switch."""
    effort = fields.one_of("reasoning_effort", openai_asked.EFFORTS)
    budget = show = summary = None
    if (told := fields.inner("reasoning")) is not None:
        effort = told.one_of("effort", openai_asked.EFFORTS) or effort
        budget, summary = told.integer("max_tokens"), told.one_of("summary", openai_asked.SUMMARIES)
        hidden, on = told.flag("exclude"), told.flag("enabled")
        show = None if hidden is None else not hidden
        effort = _switched(effort, budget, on)
        strange.keep(told, "reasoning")
    if (thinking := fields.inner("thinking")) is not None:
        kind, tokens = thinking.need("type"), thinking.integer("budget_tokens")
        budget = tokens if budget is None else budget
        effort = _switched(effort, budget, kind != "disabled")
        strange.keep(thinking, "thinking")
    tokens = fields.integer("thinking_budget")
    budget = tokens if budget is None else budget
    effort = _switched(effort, budget, fields.flag("enable_thinking"))
    if effort is None and budget is None and show is None and summary is None:
        return None
    return Reasoning(effort, budget, show, summary)


def _switched(effort: str | None, budget: int | None, on: bool | None) -> str | None:
    """The effort, where reasoning is plainly switched on or off."""
    if on is False:
        return "none"
    return "medium" if on and effort is None and budget is None else effort
