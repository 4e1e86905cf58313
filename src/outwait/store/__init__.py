"""What survives a client, a worker and a restart: exchanges, kept answers, conversations, and events on their way."""
