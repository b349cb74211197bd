"""Names that resolve as a test says, and differently the second time where it wants that."""

from __future__ import annotations

from tipd.net.resolve import ResolveError


class FakeResolver:
    """Answers from a table: a name's first list of addresses, then its second …, the last one ever after."""

    def __init__(self, names: dict[str, list[list[str]]]) -> None:
        self._names = {name: list(answers) for name, answers in names.items()}
        self.asked: list[str] = []

    async def resolve(self, host: str) -> list[str]:
        self.asked.append(host)
        answers = self._names.get(host)
        if not answers:
            raise ResolveError(f"{host}: there is no such name")
        return list(answers.pop(0) if len(answers) > 1 else answers[0])
