"""A Responses request read into the neutral one.

Only calls that go to another dialect come here. What is malformed is refused by its path in the body, as is what no
other dialect has: hosted tools, stored items. What Responses define and the neutral request has no place for goes to
`Ask.rest`, as does whatever nobody knows.

Where outwait keeps the response (`Call.state`), `background` and `store` are done with: they are not for the upstream.
What the call continues stands in its expanded body; `previous_response_id` of a response that is not kept is refused.
"""

from __future__ import annotations

from outwait.core.ask import Ask, Output, Reasoning, Sampling, Tool
from outwait.core.request import Call
from outwait.dialects import document, openai_asked
from outwait.dialects.fields import Fields, Strange, unknown
from outwait.dialects.openai_responses import items
from outwait.dialects.openai_responses.tables import ENCRYPTED, LOGPROBS


def ask(call: Call) -> Ask:
    """The neutral request of `call`. Raises Refusal for a malformed one, naming the field."""
    state = call.state
    body = call.body if state is None or state.expanded is None else state.expanded
    fields, strange = Fields(document.loads(body)), Strange()
    if fields.flag("background") and state is None:
        strange.rest["background"] = True
    logprobs = _includes(fields, strange)
    output, verbosity = _text(fields, strange)
    store = fields.flag("store")
    made = Ask(
        model=fields.need("model"),
        messages=items.messages(fields, strange),
        stream=fields.flag("stream") is True,
        tools=tuple(_tool(tool, strange) for tool in fields.each("tools")),
        choice=openai_asked.choice(fields, strange, nested=False),
        output=output,
        reasoning=_reasoning(fields, strange),
        sampling=Sampling(
            temperature=fields.number("temperature"),
            top_p=fields.number("top_p"),
            logprobs=logprobs,
            top_logprobs=fields.count("top_logprobs"),
        ),
        limit=fields.count("max_output_tokens", 1),
        user=openai_asked.user(fields, strange),
        metadata=fields.mapping("metadata"),
        tier=fields.text("service_tier"),
        store=store if state is None else None,
        usage=True,  # a Responses stream always tells it
        verbosity=verbosity,
        rest=strange.rest,
    )
    if (options := fields.inner("stream_options")) is not None:
        strange.keep(options, "stream_options")
    strange.keep(fields, "")
    return made


def _includes(fields: Fields, strange: Strange) -> bool | None:
    """Whether log probabilities are asked for. Encrypted thoughts come in any case, sealed."""
    told = fields.texts("include")
    rest = [name for name in told if name not in {LOGPROBS, ENCRYPTED}]
    if rest:
        strange.rest["include"] = rest
    return True if LOGPROBS in told else None


def _text(fields: Fields, strange: Strange) -> tuple[Output | None, str | None]:
    """The form of the answer, and how long it shall be."""
    text = fields.inner("text")
    if text is None:
        return None, None
    verbosity, form = text.one_of("verbosity", openai_asked.VERBOSITY), text.inner("format")
    strange.keep(text, "text")
    if form is None:
        return None, verbosity
    kind = form.need("type")
    if kind == "text":
        made = Output("text")
    elif kind == "json_object":
        made = Output("json")
    elif kind == "json_schema":
        schema = form.mapping("schema")
        made = Output("schema", schema, form.need("name"), form.text("description"), form.flag("strict"))
    else:
        unknown("text.format.type", f"an answer of type {kind!r}")
    strange.keep(form, "text.format")
    return made, verbosity


def _tool(fields: Fields, strange: Strange) -> Tool:
    kind = fields.need("type")
    if kind not in openai_asked.KINDS:
        unknown(fields.at("type"), f"a hosted tool ({kind!r})")
    for key in ("defer_loading", "async"):
        if fields.flag(key):
            unknown(fields.at(key), "a tool that is loaded or answered later")
    if fields.texts("allowed_callers") not in {(), ("direct",)}:
        unknown(fields.at("allowed_callers"), "a tool that programs may call")
    name, description = fields.need("name"), fields.text("description")
    if kind == "custom":
        made = Tool(name, description, fields.mapping("format"), custom=True)
    else:
        made = Tool(name, description, fields.mapping("parameters"), fields.flag("strict"))
    strange.keep(fields, "tools")
    return made


def _reasoning(fields: Fields, strange: Strange) -> Reasoning | None:
    told = fields.inner("reasoning")
    if told is None:
        return None
    effort = told.one_of("effort", openai_asked.EFFORTS)
    older = told.one_of("generate_summary", openai_asked.SUMMARIES)  # its name before
    summary = told.one_of("summary", openai_asked.SUMMARIES) or older
    strange.keep(told, "reasoning")
    return None if effort is None and summary is None else Reasoning(effort, None, True if summary else None, summary)
