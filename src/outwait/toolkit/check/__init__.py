"""How endpoints are: probes of each, what they took and why they failed, which one is best, what changed."""
