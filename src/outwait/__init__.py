"""outwait: an LLM API gateway that outwaits the slowest model."""
