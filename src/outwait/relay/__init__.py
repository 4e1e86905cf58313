"""The replay buffer to one client: its frames, or a heartbeat when none comes."""
