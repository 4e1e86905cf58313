"""The only room that knows everybody: it builds the gateway from its parts and keeps its processes alive."""
