"""How Hypothesis searches: the same examples on every run, unless asked to go deep.

`OUTWAIT_HYPOTHESIS=deep make unit` draws new examples, many of them.
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile("quick", derandomize=True, max_examples=100, deadline=None, print_blob=True)
settings.register_profile(
    "deep", max_examples=5000, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("OUTWAIT_HYPOTHESIS", "quick"))
