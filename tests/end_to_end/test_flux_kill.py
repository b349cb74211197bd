"""kill -9 while many names are watched: all are back, and none is asked for twice within the TTL it was told."""

import itertools

import pytest
from support.tracking import names_of, tracking_daemon
from support.worlds import WorldServer

from demo.worlds import script
from tipd.model.dns import A
from tipd.net.resolver.pending import DEADLINE

TTL = 20  # seconds


def early(server):
    """Return the names that were asked for again before the TTL they were told was over.

    What comes within a question's deadline is another try of it: an answer got lost, or was late.
    """
    return {
        name: asked
        for name, asked in server.times(A).items()
        if any(earlier + DEADLINE < later < earlier + ttl for (earlier, ttl), (later, _) in itertools.pairwise(asked))
    }


def tries(server):
    """Count the questions that were another try of the one before."""
    pairs = (pair for asked in server.times(A).values() for pair in itertools.pairwise(asked))
    return sum(later <= earlier + DEADLINE for (earlier, _), (later, _) in pairs)


@pytest.mark.parametrize(
    ("count", "killed_after", "rate"),
    [
        pytest.param(20_000, 1.25, 1_500, id="in the midst of a later look-up"),
        pytest.param(2_000, 0.25, 200, id="in the midst of the first look-up"),
    ],
)
def test_all_names_are_back_and_none_is_asked_for_too_early(make_daemon, tmp_path, count, killed_after, rate):
    """`killed_after`: how many questions a name; at the kill many are under way, and others' answers not yet stored."""
    watched = [f"watched-{number}.example" for number in range(count)]
    (tmp_path / "names.txt").write_text("\n".join(watched))
    with WorldServer(tree=script.tree(crowd_ttl=TTL, crowd_gone=0)) as server:
        keys = {"nameservers_every": '"1d"', "queries_per_second": rate}
        daemon = tracking_daemon(make_daemon, tmp_path, server, **keys).start()
        daemon.tipd("flux", "import", str(tmp_path / "names.txt"))
        asked = server.worlds.asked
        daemon.wait_for(lambda: len(asked) > count * killed_after, 120, "enough questions")
        daemon.kill()
        before = len(asked)
        daemon.start()

        def left():
            """Return the names that nobody has asked for since the kill."""
            return set(watched) - {one.name for one in server.asked[before:] if one.rtype == A}

        daemon.wait_for(
            lambda: len(asked) > before + 1.5 * count and not left(), 240, "everybody to be asked for again"
        )
        assert set(names_of(daemon)) == set(watched)
        assert daemon.stop() == 0
        assert list(early(server).items())[:10] == []
        assert tries(server) < len(asked) / 4
