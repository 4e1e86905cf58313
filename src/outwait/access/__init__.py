"""Who asks, and may they: from a request's headers to a principal, or to a refusal that says what to do."""
