"""What a path does to silence: its limits, found by asking an outwait server to be silent, and what survives them."""
