"""A provider whose model names are scripts: what it is told to do to a call, it does, on a real socket."""
