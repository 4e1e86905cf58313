"""What all tests stand on.

How Hypothesis searches: the same examples on every run, fewer of them in `make check` (`glance`) than in `make test`
(`quick`); `OUTWAIT_HYPOTHESIS=deep make unit` draws many new ones.
Whose environment: nobody's. Keys, settings and proxies of the shell the tests run in reach neither the tests nor the
programs and SDKs they start.
What is alive before the first test stays alive: the collector need not look at thousands of tests again and again,
and not at all while they are being gathered.
"""

import gc
import os

from hypothesis import HealthCheck, settings

settings.register_profile("glance", derandomize=True, max_examples=10, deadline=None, print_blob=True)
settings.register_profile("quick", derandomize=True, max_examples=100, deadline=None, print_blob=True)
settings.register_profile(
    "deep", max_examples=5000, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("OUTWAIT_HYPOTHESIS", "quick"))

_FOREIGN = ("OUTWAIT_", "OPENAI_", "ANTHROPIC_", "GEMINI_")
_SCREEN = ("COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR", "CLICOLOR_FORCE")

for _name in tuple(os.environ):
    _loud = _name.upper()
    if _loud.startswith(_FOREIGN) or _loud.endswith("_PROXY") or _loud in _SCREEN:
        del os.environ[_name]


gc.disable()


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
    gc.enable()
