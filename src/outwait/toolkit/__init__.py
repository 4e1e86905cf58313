"""What works without a gateway, against any provider, proxy or URL; and a provider to try things on."""
