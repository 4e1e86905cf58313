"""The dialects: each provider protocol translated between bytes and the words of the core, purely."""
