"""HTTP/1.1 on both sides over llhttp: connections, framing, limits and deadlines, and no opinion about LLMs."""
