"""Collect blacklists, keep what changed, tell everyone."""
