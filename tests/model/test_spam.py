"""What of mails is stored travels as MessagePack does, from workers."""

from datetime import UTC, datetime

import msgspec

from tipd.model.spam import MailRow, Sight, SpamBatch

AT = datetime(2026, 11, 22, 4, tzinfo=UTC)


def test_a_batch_survives_a_journey():
    batch = SpamBatch(
        source="mx1",
        mails=(MailRow(sha256=bytes(32), at=AT, class_=0, size=5, keys=(-1, 2**62)),),
        sights=(Sight(address="198.51.100.7", at=AT, count=1, traps=("pristine",)),),
    )
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(batch), type=SpamBatch) == batch
