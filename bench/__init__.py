"""Benchmarks: what a call, a chunk and a waiting stream cost, as ratios against nginx in one interleaved run."""
