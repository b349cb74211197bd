"""OpenPGP keys and signatures of ours, made as they are needed."""

import pysequoia
from pysequoia import SignatureMode


class Signer:
    """A key with a certificate that a file can hold."""

    def __init__(self, name: str = "lists") -> None:
        self.key = pysequoia.Tsk.generate(f"{name} <{name}@example.org>")
        self.certificate = self.key.extract_certificate()

    @property
    def fingerprint(self) -> str:
        return self.certificate.fingerprint

    def pin(self, path, *others):
        """Write the certificate, and others behind it; return the declaration's table without `url`."""
        path.write_bytes(b"".join(bytes(each.certificate) for each in (self, *others)))
        return f'[signature]\nkey_file = "{path}"\nfingerprint = "{self.fingerprint}"\n'

    def clear(self, body: bytes) -> bytes:
        return pysequoia.sign(self.key.signer(), body, mode=SignatureMode.CLEAR)

    def detached(self, body: bytes, *, armor: bool = True) -> bytes:
        return pysequoia.sign(self.key.signer(), body, mode=SignatureMode.DETACHED, armor=armor)

    def revoked(self) -> bytes:
        """Return the certificate as it is after the key was given up."""
        return bytes(self.certificate) + bytes(self.certificate.revoke(self.key.certifier()))
