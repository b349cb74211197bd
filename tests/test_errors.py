"""Errors and the exit codes the blueprint gives them."""

import pytest

from tipd import errors


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.TipdError("x"), 1),
        (errors.ConfigError("x"), 78),
        (errors.SchemaError("x"), 78),
        (errors.Unavailable("x"), 69),
        (errors.StoreAway("x"), 69),
        (errors.CommitUnknown("x"), 69),
        (errors.TryAgain("x"), 75),
    ],
)
def test_each_error_knows_its_exit_code(error, code):
    assert error.exit_code == code
    assert isinstance(error, errors.TipdError)


def test_a_failed_worker_says_why():
    error = errors.WorkerFailed("memory", "too much")
    assert (error.reason, str(error)) == ("memory", "too much")
