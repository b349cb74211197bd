"""The agent on a mail host: parses maildirs in place, seals numbered versions, serves them. Python 3.11."""
