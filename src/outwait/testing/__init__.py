"""For our tests and for users': a loop whose time jumps."""
