"""One request until it is settled: a pure machine that decides, a driver that does, a replay buffer that keeps."""
