"""How servers of one's own models say it: Ollama, llama.cpp, vLLM, TGI, LM Studio, Triton, Ray."""

from __future__ import annotations

from typing import Final

from outwait.diagnosis.causes import (
    BAD_REQUEST,
    CONTEXT,
    EXHAUSTED,
    FIRST_BYTE,
    GAVE_UP,
    NO_MODEL,
    OVERLOADED,
    REFUSED,
    TOTAL,
    UPSTREAM,
    UPSTREAM_ERROR,
)
from outwait.diagnosis.pattern import Pattern, rows

_OLLAMA = "https://docs.ollama.com/troubleshooting"
_OLLAMA_FAQ = "https://docs.ollama.com/faq"
_LLAMA_CPP = "https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md"
_VLLM = "https://docs.vllm.ai/en/latest/usage/troubleshooting.html"
_SGLANG = "https://docs.sglang.ai/advanced_features/server_arguments.html"
_TGI = "https://huggingface.co/docs/text-generation-inference/basic_tutorials/launcher"
_LM_STUDIO = "https://lmstudio.ai/docs/developer"
_RAY = "https://docs.ray.io/en/latest/serve/advanced-guides/performance.html"
_TRITON = "https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/"

# A table: what is said in one place stands together, one row a line where that can be.
# fmt: off
SERVING: Final[tuple[Pattern, ...]] = (
    *rows(_OLLAMA, 96, GAVE_UP, r"""
        closed before server finished   aborting completion request due to client closing the connection
        client closed.{0,30}(abort|cancel)   request (was )?aborted by (the )?client
    """),
    *rows(_LLAMA_CPP, 58, GAVE_UP, r"""
        \bcancel task, id_task\b   \bprocessing task\b.{0,400}\bcancel(l?ing|l?ed)? (the )?task\b
    """),
    *rows(_OLLAMA, 94, EXHAUSTED, r"""
        model requires more system memory   requires more (system|gpu|available) memory
        llama runner process has terminated: (signal: killed|exit status 0xc0000409|cudamalloc)
        unable to allocate (cuda|rocm|cpu|metal|backend)   failed to allocate (buffer|memory|compute)
        insufficient memory for   insufficient (v?ram|gpu memory|video memory)
    """, side=UPSTREAM),
    *rows(_OLLAMA, 86, UPSTREAM_ERROR, r"""
        llama runner process (has terminated|no longer running)   error loading model   unable to load model
        failed to load model(?!s| (list|info|config|catalog|card|setting))
        ggml_assert   ggml_cuda   an error was encountered while running the model
        model runner has unexpectedly stopped   exit status 2
    """),
    *rows(_OLLAMA, 93, TOTAL, r"timed out waiting for llama runner to start", side=UPSTREAM),
    *rows(_OLLAMA, 93, "connect_reset", r"error reading llm response   post predict:", side=UPSTREAM),
    *rows(_OLLAMA, 91, "connect_reset", r"""
        :(11434|1234)\b.{0,200}(forcibly closed|connection reset|econnreset|socket hang up|: eof\b)
    """, side=UPSTREAM),
    *rows(_OLLAMA_FAQ, 93, OVERLOADED, r"""
        server busy, please try again\. maximum pending requests exceeded   maximum pending requests
        maximum queue size
    """),
    *rows(_OLLAMA, 86, REFUSED, r"""
        could not connect to (ollama|a running ollama)   is ollama running
        (couldn't|could not|cannot) (connect to|reach|find) (the )?(ollama|lm ?studio|local (model|llm)|llama)
        (can't|failed to|unable to) (connect to|reach|find) (the )?(ollama|lm ?studio|local (model|llm)|llama)
        ollama (server )?(is )?not (running|responding)   ollama.{0,40}not running
    """),
    *rows(_OLLAMA, 90, "empty_response", r"content\W{3,6}\}, ?.done.: ?true"),
    *rows(_OLLAMA_FAQ, 90, CONTEXT, r"""
        input length exceeds (maximum )?context   input exceeds maximum context   truncating input prompt
    """),
    *rows(_LLAMA_CPP, 92, CONTEXT, r"""
        request \([0-9]{1,12} tokens\) exceeds   exceeds the available context
        the request exceeds the available context size   failed to find free space in the kv cache
        context shift is disabled   trying to keep the first [0-9]{1,12} tokens
        requested tokens \([0-9]{1,12}\) exceed context window
    """),
    *rows(_LLAMA_CPP, 84, OVERLOADED, r"slot unavailable   no slot available   all slots are busy"),
    *rows(_VLLM, 90, CONTEXT, r"""
        longer than the maximum model length   is longer than the maximum number of tokens
        decoder prompt .{0,40}longer than   maximum model length   max_total_tokens
    """),
    *rows(_VLLM, 88, UPSTREAM_ERROR, r"""
        background loop has errored   engine core (proc|initialization) (died|failed)   engine process failed
        nccl (error|watchdog|timeout)   device-side assert   illegal memory access   shm_broadcast
    """),
    # what a server logs of its own engine: a timer that runs out in there is no caller's
    *rows(_VLLM, 90, UPSTREAM_ERROR, r"""
        \bengine iteration timed out   engine background task failed   enginedeaderror   enginecore (encountered|failed)
        engine loop is not running   rpc call to [a-z_]{1,40} timed out   watchdog caught collective operation timeout
    """, side=UPSTREAM),
    *rows(_SGLANG, 90, UPSTREAM_ERROR, r"""
        (scheduler|detokenizer|detokenizermanager|tokenizermanager) hit an exception   self\.watchdog_timeout
        (sglang|scheduler|\b[td]p[0-9]{1,3}\]).{0,80}\bwatchdog timeout   \bwatchdog timeout\b.{0,60}\bscheduler
    """, side=UPSTREAM),
    *rows(_TGI, 90, UPSTREAM_ERROR, r"""
        \bshard process was signaled   \bshard [0-9]{1,3} (failed to start|crashed|terminated|died)
    """, side=UPSTREAM),
    *rows(_TRITON, 88, UPSTREAM_ERROR, r"""
        \bstub process .{0,60}(not healthy|terminated|exited|died|killed)
        \bfailed to process the request\(s\) for model
    """, side=UPSTREAM),
    *rows(_VLLM, 93, EXHAUSTED, r"""
        no available memory for the cache blocks   kv cache (is )?(full|exhausted)
        larger than the maximum number of tokens that can be stored in kv cache   free memory on device
        \btorch\.(cuda\.)?outofmemoryerror
    """, side=UPSTREAM),
    *rows(_VLLM, 86, GAVE_UP, r"""
        aborted request   request (cmpl|chatcmpl|chat)-?[^ ]{0,60} (was )?aborted   finished_reason=abort
    """),
    *rows(_TGI, 92, CONTEXT, r"input validation error: `?'?inputs   inputs.{0,12}must have less than"),
    *rows(_TGI, 92, OVERLOADED, r"model is overloaded   max_concurrent_requests"),
    *rows(_LM_STUDIO, 88, NO_MODEL, r"no models? loaded   model unloaded   please load a model"),
    *rows(_LM_STUDIO, 86, UPSTREAM_ERROR, r"the model has crashed without additional information   model crashed"),
    *rows(_RAY, 90, OVERLOADED, r"backpressureerror   max_queued_requests   actor.{0,60}unavailable"),
    *rows(_RAY, 84, UPSTREAM_ERROR, r"rayactorerror   actordiederror   raytaskerror   the actor died"),
    *rows(_TRITON, 84, OVERLOADED, r"exceeds maximum queue size   request for unknown model"),
    *rows(_TRITON, 88, FIRST_BYTE, r"request timeout expired   timeout expired in queue", side=UPSTREAM),
    *rows(_VLLM, 84, BAD_REQUEST, r"""
        requires --enable-auto-tool-choice   chat template (is )?(not|required|missing)
        no longer allowed, so you must provide a chat template   conversation roles must alternate
    """),
)
# fmt: on
