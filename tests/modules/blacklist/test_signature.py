"""`[signature]` as it is declared."""

import pytest

from tipd.modules.blacklist import catalogue

LIST = 'url = "https://lists.example.org/x"\n'


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ('key_file = "k"', "signature.key_file: must be absolute"),
        ('key_file = "/k"\nfingerprint = "abcd"', "signature.fingerprint: must be"),
        ('key_file = "/k"\nurl = "ftp://lists.example.org/x"', "signature.url: only http"),
        ('key_file = "/k"\nkey = 1', "unknown field `key`|key"),
    ],
)
def test_what_cannot_be_meant(table, why):
    with pytest.raises(ValueError, match=why):
        catalogue.parse(f"{LIST}[signature]\n{table}\n")


@pytest.mark.parametrize("fingerprint", ["ab" * 20, "AB " * 20, "0x" + "ab" * 32])
def test_fingerprints(fingerprint):
    assert catalogue.parse(f'{LIST}[signature]\nkey_file = "/k"\nfingerprint = "{fingerprint}"\n').signature is not None


@pytest.mark.parametrize(
    "rest", [LIST.replace('x"', 'x?page={page}"') + '[request.pages]\nby = "page"\nrows = "r"\n', "entries = true\n"]
)
def test_what_has_no_one_body_has_no_signature(rest):
    with pytest.raises(ValueError, match="signature: signs"):
        catalogue.parse('name = "x"\n' + rest + '[signature]\nkey_file = "/k"\n')


def test_a_body_is_read_again_where_another_key_is_declared():
    digests = {
        catalogue.parse(LIST + table).digest()
        for table in ("", '[signature]\nkey_file = "/k"\n', '[signature]\nkey_file = "/l"\n')
    }
    assert len(digests) == 3
