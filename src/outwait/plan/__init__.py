"""Facts in, plan out: everything that is decided about a request before its first upstream byte."""
