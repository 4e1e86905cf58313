"""The schema's history, one step per file of `versions`; forward only, each step in a transaction of its own."""
