"""What may not be asked."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tipd.model.tlp import Tlp
from tipd.store.store import Store

HOUR = timedelta(hours=1)
RED = Tlp.RED


async def test_a_page_that_no_page_gave_is_refused(store: Store) -> None:
    for after in ("x", "1", "1.", "9" * 30 + ".1"):
        with pytest.raises(ValueError, match="no page gave"):
            await store.spam.campaigns(after=after, max_tlp=RED)
    with pytest.raises(ValueError, match="order"):
        await store.spam.campaigns(order="name", max_tlp=RED)
