"""One attempt at a source, with a fetcher that does as it is told."""

import trio

from tipd.net.request import Fetched, Validators
from tipd.nursery.contract import Cause


class Failing:
    """A fetcher that raises, or writes a body with the head it is told."""

    def __init__(self, error=None, body="", delay=0.0):
        self.error, self.body, self.delay = error, body, delay

    async def fetch(self, request, into):
        await trio.sleep(self.delay)
        if self.error:
            raise self.error
        into.write_text(self.body)
        return Fetched(
            status="ok",
            http_status=200,
            url=request.url,
            address="192.0.2.9",
            validators=Validators(etag='"x"', sha256=b"1" * 32),
            path=into,
            sha256=b"1" * 32,
            content_type=None,
            took=0.0,
        )


async def attempt(house, fetcher, workers=None):
    await house.store.pool.run(_due)
    ctx = house.context(fetcher=fetcher, workers=workers)
    (report,) = (await house.module.run(ctx, Cause(None, house.clock.now()))).reports
    return report, await house.store.sources.get("one")


async def _due(connection):
    await connection.execute("UPDATE source SET due = NULL")
