"""What is said of a finding when it is read: the watches it concerns, and whether the allowlist covers it.

Never stored, so that a new watch or allow acts at once, on old findings too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from tipd.model.watch import NO_WATCHES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tipd.model.finding import Finding
    from tipd.model.indicator import Indicator
    from tipd.model.kind import Kind
    from tipd.model.watch import Watches


class Allows(Protocol):
    """The operator's allowlist."""

    def covers(self, kind: Kind, value: str) -> object:
        """Return something true where it covers the indicator."""
        ...


class Annotations:
    """The watches and the allowlist as they are now; both may be exchanged at any time.

    `allows` is asked for at each use, since the list that stands behind it changes.
    """

    def __init__(self, watches: Watches = NO_WATCHES, allows: Callable[[], Allows | None] = lambda: None) -> None:
        """Begin with these."""
        self.watches = watches
        self.allows = allows

    def annotated(self, findings: Sequence[Finding]) -> list[Finding]:
        """Return the findings with what applies to each; the same objects where nothing does."""
        allows = self.allows() or None
        if allows is None and not self.watches:
            return list(findings)
        return [self._annotated(finding, allows) for finding in findings]

    def _annotated(self, finding: Finding, allows: Allows | None) -> Finding:
        subject = finding.subject
        if subject is None:
            return finding
        # A source's first round is no news: what it loaded was listed before somebody began to watch.
        watches = self.matching(subject) if self.watches and finding.initial is not True else ()
        allowed = allows is not None and bool(allows.covers(subject.kind, subject.value))
        if not watches and not allowed:
            return finding
        return msgspec.structs.replace(
            finding,
            watches=list(watches) if watches else msgspec.UNSET,
            allowed=True if allowed else msgspec.UNSET,
        )

    def matching(self, subject: Indicator) -> tuple[str, ...]:
        """Return the names of the watches that an indicator concerns."""
        return self.watches.match(subject.kind, subject.value)
