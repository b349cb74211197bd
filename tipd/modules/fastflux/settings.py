"""The `[modules.fastflux]` section of the configuration."""

from __future__ import annotations

import msgspec

from tipd.config import duration, nearest, size
from tipd.model.classes import CLASSES, read_class

CANDIDATES = ("malware-distribution", "c2-server", "phishing", "malware", "dga-domain", "spam")
MOST_DOMAINS = 50_000_000
LONGEST_TAG = 64  # characters
LONGEST_DELAY = 365 * 86400.0  # seconds
_SPANS = (
    "ttl_floor",
    "ttl_ceiling",
    "dormant_after",
    "dormant_every",
    "keep_samples",
    "nameservers_every",
    "networks_every",
)
_FROM_ONE = (
    "max_domains",
    "queries_per_second",
    "max_names_per_apex",
    "let_go_after",
    "follow_budget",
    "follow_depth",
)


class FluxSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Fast-flux tracking, `[modules.fastflux]`.

    `enabled`: false: no name is probed by this process
    `candidates`: names from lists and spam are watched where their class is one of these; people's always are
    `max_domains`: how many names are watched at most; what comes beyond that is let go, and says so
    `queries_per_second`: how many questions are asked at most, in all
    `per_apex_per_second`: how many of them about names of one registrable domain
    `max_names_per_apex`: how many names of one registrable domain are watched at most; people's and found ones too
    `ttl_floor`: a name is never asked sooner again, however short its TTL
    `ttl_ceiling`: a name is asked at least this often, however long its TTL
    `let_go_after`: after this many samples without a change a name counts as stable and is let go
    `dormant_after`: after this long without addresses (NXDOMAIN, NODATA) a name is dormant, or let go
    `dormant_every`: how often a dormant name is asked whether it came back
    `keep_samples`: how long the look-up sets of candidates and above are kept
    `max_bytes`: how much of the database they and the passive DNS may take; the oldest make room
    `authority_tags`: names with one of these tags are asked straight at their zone's own servers, which then see you
    `wildcard_tags`: of names with one of these tags it is tried with random labels whether their zone is a wildcard
    `nameservers_every`: how often the name servers of candidates and above are asked for
    `networks_every`: how often it is looked which likely and confirmed names share addresses
    `follow_tags`: likely and confirmed names with one of these tags lead to further names, as those that came by
        `--follow` do: what is known of their addresses is walked, nothing more is asked for
    `follow_budget`: how many names one such walk may put under watch at most, counted from where it began
    `follow_depth`: how many steps it may go from there at most, a step being name to address to name
    `knowledge_dirs`: folders with your own knowledge (TOML), read beside what is shipped
    `vantage`: what this place is called in stored observations; to tell what several places see
    """

    enabled: bool = True
    candidates: tuple[str, ...] = CANDIDATES
    max_domains: int = 1_000_000
    queries_per_second: int = 2_000
    per_apex_per_second: float = 10.0
    max_names_per_apex: int = 1_000
    ttl_floor: str = "1s"
    ttl_ceiling: str = "6h"
    let_go_after: int = 200
    dormant_after: str = "1d"
    dormant_every: str = "6h"
    keep_samples: str = "90d"
    max_bytes: str = "50GB"
    authority_tags: tuple[str, ...] = ()
    wildcard_tags: tuple[str, ...] = ()
    nameservers_every: str = "1h"
    networks_every: str = "1m"
    follow_tags: tuple[str, ...] = ()
    follow_budget: int = 1_000
    follow_depth: int = 3
    knowledge_dirs: tuple[str, ...] = ()
    vantage: str = "here"

    def __post_init__(self) -> None:
        """Refuse what could not be used; ValueError names the key."""
        for word in self.candidates:
            if word not in CLASSES:
                raise ValueError(f"candidates: {word!r} is no class{_meant(word)}")
        for key in _SPANS:
            if self.seconds(key) <= 0:
                raise ValueError(f"{key}: must be longer than nothing")
        for key in _FROM_ONE:
            if getattr(self, key) < 1:
                raise ValueError(f"{key} must be at least 1")
        self._check_bounds()
        for key in ("authority_tags", "wildcard_tags", "follow_tags"):
            for tag in getattr(self, key):
                if not 0 < len(tag) <= LONGEST_TAG or not tag.isprintable() or " " in tag or "," in tag:
                    raise ValueError(f"{key}: {tag!r} is no tag")

    def _check_bounds(self) -> None:
        if self.max_domains > MOST_DOMAINS:
            raise ValueError(f"max_domains must be at most {MOST_DOMAINS}")
        if not 0 < self.per_apex_per_second < float("inf"):
            raise ValueError("per_apex_per_second must be more than 0")
        if self.seconds("ttl_ceiling") < self.seconds("ttl_floor"):
            raise ValueError("ttl_ceiling must not be less than ttl_floor")
        for key in ("ttl_ceiling", "dormant_every"):
            if self.seconds(key) > LONGEST_DELAY:
                raise ValueError(f"{key} must be at most 365d")
        if not self.vantage.strip() or len(self.vantage) > LONGEST_TAG:
            raise ValueError(f"vantage must have 1 to {LONGEST_TAG} characters")
        if self.most_bytes < 2**20:
            raise ValueError("max_bytes must be at least 1MB")

    def seconds(self, key: str) -> float:
        """Return a duration of this section (`"ttl_floor"`) in seconds; ValueError names the key."""
        try:
            return duration(getattr(self, key)).total_seconds()
        except ValueError as error:
            raise ValueError(f"{key}: {error}") from None

    @property
    def most_bytes(self) -> int:
        """Return `max_bytes` as a number; ValueError names the key."""
        try:
            return size(self.max_bytes)
        except ValueError as error:
            raise ValueError(f"max_bytes: {error}") from None


def _meant(word: str) -> str:
    """Return ` (did you mean "…"?)`: what the taxonomy calls somebody else's word, or the nearest class."""
    known = read_class(word)
    return f" (did you mean {known!r}?)" if known else nearest(word, CLASSES)
