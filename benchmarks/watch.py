"""Watches: what it costs to say which of them a finding concerns, with 10,000 networks and 10,000 names.

The findings are 100,000 distinct ones as lists bring them: half addresses, a quarter names, a fifth URLs, the rest
networks; one in a hundred matches. The bare limit is what no matcher can do without: one binary search over the
networks' borders for an address, one look-up for each label of a name, their texts read once. A second figure watches
for look-alikes of 100 names as well. CPU time of one process, median of rounds.
"""

from __future__ import annotations

import random
import statistics
import time
from bisect import bisect_right
from typing import TYPE_CHECKING

from _figure import figure, machine, say, scaled

from tipd.model.canonical.address import parse_address
from tipd.model.indicator import Indicator
from tipd.model.kind import Kind
from tipd.model.watch import Watch, Watches

if TYPE_CHECKING:
    from collections.abc import Callable

NETWORKS = scaled(10_000, 100)
NAMES = scaled(10_000, 100)
FINDINGS = scaled(100_000, 1000)
ROUNDS = scaled(5)
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def word(rng: random.Random) -> str:
    """Return a label of 6 to 14 letters."""
    return "".join(rng.choices(LETTERS, k=rng.randint(6, 14)))


def subjects(rng: random.Random, names: list[str]) -> list[Indicator]:
    """Return what findings are about."""
    made = []
    for _ in range(FINDINGS):
        mine, roll = rng.random() < 0.01, rng.random()
        address = f"{'10' if mine else rng.randint(11, 223)}.{rng.randint(0, 255)}.{rng.randint(0, 255)}.7"
        name = f"www.{rng.choice(names) if mine else word(rng) + '.com'}"
        if roll < 0.5:
            made.append(Indicator(Kind.IPV4, address))
        elif roll < 0.75:
            made.append(Indicator(Kind.DOMAIN, name))
        elif roll < 0.95:
            made.append(Indicator(Kind.URL, f"http://{name}/{word(rng)}/{word(rng)}.exe?id={rng.random()}"))
        else:
            made.append(Indicator(Kind.NETWORK, address[:-1] + "0/24"))
    return made


def bare(networks: list[str], names: list[str]) -> Callable[[Indicator], object]:
    """Return the least that any matcher does."""
    borders = sorted(int.from_bytes(bytes(map(int, text[:-3].split(".")))) for text in networks)
    known = dict.fromkeys(names)

    def look(subject: Indicator) -> object:
        value = subject.value
        if subject.kind is Kind.IPV4 or subject.kind is Kind.NETWORK:
            parsed = parse_address(value.partition("/")[0])
            return parsed and bisect_right(borders, parsed[1])
        host = value.split("/", 3)[2] if subject.kind is Kind.URL else value
        while host:
            if host in known:
                return host
            host = host.partition(".")[2]
        return None

    return look


def cost(look: Callable[[Indicator], object], made: list[Indicator]) -> float:
    """Return microseconds of CPU a finding."""
    begun = time.process_time()
    for subject in made:
        look(subject)
    return (time.process_time() - begun) / len(made) * 1e6


def main() -> None:
    """Measure and print."""
    say(f"on {machine()}")
    rng = random.Random(7)
    networks = [f"10.{number // 256}.{number % 256}.0/24" for number in range(NETWORKS)]
    names = [f"{word(rng)}.example.org" for _ in range(NAMES)]
    plain = Watch(name="ours", networks=networks, domains=names)
    alike = Watch(name="brands", looks_like=[f"{word(rng)}.com" for _ in range(100)])
    made = subjects(rng, names)
    looks: dict[str, Callable[[Indicator], object]] = {"bare": bare(networks, names)}
    for title, chosen in {"plain": [plain], "alike": [plain, alike]}.items():
        watches = Watches(chosen)
        looks[title] = lambda subject, watches=watches: watches.match(subject.kind, subject.value)
    costs: dict[str, list[float]] = {title: [] for title in looks}
    for _ in range(ROUNDS):
        for title, look in looks.items():
            costs[title].append(cost(look, made))
    against = "one binary search or one look-up a label"
    for title, said in {"plain": "a finding", "alike": "a finding, with look-alikes of 100 names"}.items():
        ratios = [one / other for one, other in zip(costs[title], costs["bare"], strict=True)]
        metric = f"{said}: {NETWORKS:,} networks, {NAMES:,} names"
        figure("watch", metric, statistics.median(costs[title]), "µs", against, statistics.median(ratios))


if __name__ == "__main__":
    main()
