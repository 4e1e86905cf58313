"""Pure rules: what to do, decided from frozen data, with time and chance as arguments."""
