"""OpenAI Responses: items in, items out, and a stream of named, numbered events."""
