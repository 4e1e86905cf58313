"""OpenAI chat completions: what a client asks, what an upstream answers, how failures are told."""
