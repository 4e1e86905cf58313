"""The load generator: one process, one loop, raw protocols; it measures the proxy's CPU inside its own window."""
