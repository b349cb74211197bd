"""Spamtraps: archives of spam, agents on mail hosts, and what both say together."""
