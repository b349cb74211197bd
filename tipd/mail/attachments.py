"""The files a mail carries: names, declared and real types, hashes, and what is inside them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from tipd.mail import defects, headers
from tipd.mail.filetype import MESSAGE
from tipd.mail.nested import Budget, attachment
from tipd.mail.nested_message import is_file
from tipd.mail.nested_message import name as name_of
from tipd.mail.record import Attachment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tipd.mail.limits import Limits
    from tipd.mail.parts import Part


class Listing(NamedTuple):
    """The files; whether there were more than the limits list; words of `tipd.mail.defects` that were met."""

    attachments: tuple[Attachment, ...]
    cut: bool
    defects: tuple[str, ...]


def listed(parts: Iterable[Part], limits: Limits) -> Listing:
    """Return the files among the leaves of a mail (`tipd.mail.parts.leaves`), in its order."""
    budget = Budget(limits)
    found: list[Attachment] = []
    within: set[int] = set()  # parts of messages inside: they are listed there
    for part in parts:
        if id(part) in within or not is_file(part):
            continue
        if len(found) >= limits.attachments:
            return Listing(tuple(found), cut=True, defects=_words([*budget.met, defects.MANY_ATTACHMENTS]))
        if part.is_message:
            within.update(map(id, _below(part)))
            found.append(_message(part, budget, 0))
        else:
            found.append(attachment(name_of(part, limits.field), part.content_type, part.content or b"", budget, 0))
    return Listing(tuple(found), cut=False, defects=_words(budget.met))


def _message(part: Part, budget: Budget, depth: int) -> Attachment:
    """Return a message inside with the files it carries; its name, where it has none, is its subject."""
    name = name_of(part, budget.limits.field)
    if not name and part.children:
        name = headers.display(part.children[0].first("subject"), budget.limits.field)
    content = part.content or b""
    sha256 = hashlib.sha256(content).hexdigest() if content else ""
    files: list[Attachment] = []
    cut = depth >= budget.limits.nested
    for child in [] if cut else _leaves(part):
        if not is_file(child):
            continue
        if len(files) >= budget.limits.inside:
            cut = True
            budget.met.append(defects.MANY_INSIDE)
            break
        if child.is_message:
            files.append(_message(child, budget, depth + 1))
        else:
            files.append(
                attachment(
                    name_of(child, budget.limits.field), child.content_type, child.content or b"", budget, depth + 1
                )
            )
    return Attachment(
        name=name, declared=MESSAGE, real=MESSAGE, size=len(content), sha256=sha256, inside=tuple(files), cut=cut
    )


def _leaves(message: Part) -> Iterable[Part]:
    """Yield the leaves of a message inside, messages inside it whole."""
    waiting = list(reversed(message.children))
    while waiting:
        part = waiting.pop()
        if part.is_message or not part.children:
            yield part
        else:
            waiting.extend(reversed(part.children))


def _below(part: Part) -> Iterable[Part]:
    waiting = list(part.children)
    while waiting:
        one = waiting.pop()
        yield one
        waiting.extend(one.children)


def _words(met: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(met))
