"""Real processes, real sockets: see `tests.e2e.acts`."""

from tests.e2e.acts import _from_here, backstage, provider, pytest_runtest_makereport, serve, stage

__all__ = ["_from_here", "backstage", "provider", "pytest_runtest_makereport", "serve", "stage"]
