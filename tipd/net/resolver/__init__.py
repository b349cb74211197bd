"""Asking the DNS, many questions at a time: through the configured resolvers, or straight to the zones' own servers."""
