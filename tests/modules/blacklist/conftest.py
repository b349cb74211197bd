"""A server of lists on loopback."""

import pytest
from support.feeds import FeedServer


@pytest.fixture
def feeds():
    """Give a server that serves what a test puts on it."""
    with FeedServer() as server:
        yield server
