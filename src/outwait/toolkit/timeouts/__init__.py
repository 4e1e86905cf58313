"""Settings that fit together: from a model or a measurement to the timeouts of everything on the way."""
