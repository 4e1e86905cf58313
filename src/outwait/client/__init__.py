"""For callers, with or without a gateway: retries that do not pay twice, guarded streams, answers taken up again."""
