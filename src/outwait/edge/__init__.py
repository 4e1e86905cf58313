"""The data plane's door: which path is what, who may, and the story of one call."""
