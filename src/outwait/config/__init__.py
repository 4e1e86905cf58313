"""Settings: read once, checked whole, told in plain words; then frozen into the catalog everybody decides from."""
