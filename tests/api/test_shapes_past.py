"""The shapes of the past say what they take."""

import msgspec
import pytest

from tipd.api.shapes_past import BackfillRequest, ForgetRequest, ReplayRequest


@pytest.mark.parametrize(
    ("shape", "given"),
    [
        (ForgetRequest, {"value": "192.0.2.1"}),
        (ForgetRequest, {"value": "192.0.2.1", "reason": ""}),
        (ForgetRequest, {"value": "", "reason": "x"}),
        (ForgetRequest, {"value": "192.0.2.1", "reason": "x", "blok": True}),
        (BackfillRequest, {"upload": "u"}),
        (BackfillRequest, {"upload": "u", "at": "soon"}),
        (ReplayRequest, {"from": "2026-11-22"}),
    ],
)
def test_what_is_not_asked_for_is_refused(shape: type, given: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(given, shape)
