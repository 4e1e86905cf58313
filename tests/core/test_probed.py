from __future__ import annotations

from outwait.core.fault import fault
from outwait.core.probed import Probe, Probed


def test_a_probe_without_a_fault_is_good() -> None:
    good = Probed(Probe.CONNECT, None, 0.1, 5.0, "connect to h")
    assert good.ok
    assert not Probed(Probe.KEY, fault("upstream_auth"), 0.1, 5.0, "GET /v1/models", status=401).ok
    assert (good.status, good.key, good.model) == (0, 0, "")
