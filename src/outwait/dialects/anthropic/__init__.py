"""Anthropic Messages and token counting: what a client asks, what an upstream answers, how failures are told."""
