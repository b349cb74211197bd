"""The signed list: good, then changed by somebody else."""

import pysequoia

from demo.signed import CHANGED_IN, Provider


def _is_good(provider, tmp_path, number):
    fingerprint = provider.write_certificate(tmp_path / "certificate.asc")
    certificate = pysequoia.Cert.from_file(str(tmp_path / "certificate.asc"))
    assert certificate.fingerprint == fingerprint
    try:
        return pysequoia.verify(provider.page(number).body, store=lambda _ids: [certificate]).valid_sigs != []
    except Exception:
        return False


def test_the_list_is_signed_until_somebody_changes_it(tmp_path):
    provider = Provider()
    assert _is_good(provider, tmp_path, 0)
    assert _is_good(provider, tmp_path, CHANGED_IN - 1)
    assert not _is_good(provider, tmp_path, CHANGED_IN)


def test_every_demo_has_a_key_of_its_own(tmp_path):
    assert Provider().write_certificate(tmp_path / "a") != Provider().write_certificate(tmp_path / "b")
