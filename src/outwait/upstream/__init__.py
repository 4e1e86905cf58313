"""One attempt at a provider: where it goes, what is written, and what a refusal or a break of it means."""
