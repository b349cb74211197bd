"""How much is kept of one campaign by one source; what is beyond is counted."""

MOST_URLS = 200
MOST_FILES = 200
MOST_HOSTS = 1000
