"""Mails of spamtraps in the store: campaigns, sightings of relays, and how far agents and archives were taken."""
