"""Check an OpenPGP signature before anything of a body is read, in the worker process: keys and signatures are hostile.

Sources: RFC 9580 (section 7: the cleartext signature framework); what counts as a good signature is Sequoia's standard
policy: no MD5, no SHA-1, no expired or revoked key or signature. Only the pinned certificate is offered to it, so what
somebody else signed is not signed. Of a clear-signed body only the text that the signature covers goes on.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import pysequoia
from pysequoia.packet import PacketPile, Tag

from tipd.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tipd.modules.blacklist.reading.job import ReadJob
    from tipd.modules.blacklist.signature import Signature

TEXT = "signed_text"
_BEGIN = b"-----BEGIN PGP SIGNED MESSAGE-----"
_SIGNATURE = b"-----BEGIN PGP SIGNATURE-----"
_LONGEST = 128 * 2**20  # bytes of a clear-signed body, which is held in memory
_LONGEST_KEY = 2**20
_LONGEST_SIGNATURE = 2**18
_HEAD = 2**16  # what may stand before a clear-signed text
_MOST = 16  # signatures beside one body


class SignatureFault(ValueError):
    """There is no good signature; the text says what is wrong with it."""


class Checked(NamedTuple):
    """The job with the body that may be read, and the fingerprint of the certificate that signed it."""

    job: ReadJob
    signer: str


def checked(job: ReadJob) -> Checked:
    """Check the job's body; raises SignatureFault. A trusted job's body is only taken out of its armour."""
    declared = job.source.signature
    assert declared is not None  # noqa: S101 - whoever calls has looked
    clear = not declared.url
    if job.trusted:
        body = Path(job.body)
        return Checked(_with_text(job, b"".join(_unarmoured(_read(body, _LONGEST)))) if clear else job, "")
    certificate = _certificate(declared)
    if clear:
        return Checked(_with_text(job, _clear_text(Path(job.body), certificate)), certificate.fingerprint)
    _check_detached(job, certificate)
    return Checked(job, certificate.fingerprint)


def _with_text(job: ReadJob, text: bytes) -> ReadJob:
    path = Path(job.folder) / TEXT
    path.write_bytes(text)
    return msgspec.structs.replace(job, body=str(path))


def _read(path: Path, most: int) -> bytes:
    with path.open("rb") as file:
        raw = file.read(most + 1)
    if len(raw) > most:
        raise SignatureFault(f"{path.name} has more than {most} bytes, too many to check")
    return raw


def _certificate(declared: Signature) -> pysequoia.Cert:
    """Return the pinned certificate; one file may hold several, of which the fingerprint chooses."""
    path = Path(declared.key_file)
    try:
        found = pysequoia.Cert.split_bytes(_read(path, _LONGEST_KEY))
    except OSError as error:
        raise SignatureFault(f"key_file {path}: {error.strerror}") from None
    except RuntimeError as error:
        raise SignatureFault(f"key_file {path}: no OpenPGP key: {_first_line(error)}") from None
    wanted = "".join(declared.fingerprint.split()).lower().removeprefix("0x")
    fitting = [each for each in found if not wanted or each.fingerprint == wanted]
    if len(fitting) != 1:
        known = ", ".join(each.fingerprint for each in found[:3]) or "none"
        asked = f"none with the fingerprint {wanted}" if wanted else "not one key, and fingerprint does not say which"
        raise SignatureFault(f"key_file {path}: {asked} (it holds {known})")
    _check_good(fitting[0], path)
    return fitting[0]


def _check_good(certificate: pysequoia.Cert, path: Path) -> None:
    """Whoever holds a key that expired can say that a signature is older than that: such a key signs nothing."""
    if certificate.is_revoked:
        raise SignatureFault(f"key_file {path}: the key {certificate.fingerprint} is revoked")
    if certificate.expiration is not None and certificate.expiration <= SystemClock().now():
        day = f"{certificate.expiration:%Y-%m-%d}"
        raise SignatureFault(f"key_file {path}: the key {certificate.fingerprint} expired on {day}")


def _clear_text(body: Path, certificate: pysequoia.Cert) -> bytes:
    raw = _read(body, _LONGEST)
    begin = raw[:_HEAD].find(_BEGIN)
    if begin < 0 or (begin and raw[begin - 1 : begin] != b"\n"):
        raise SignatureFault("it is not clear-signed")
    signed = raw[begin:]
    try:
        good = pysequoia.verify(signed, lambda _: [certificate])
    except RuntimeError as error:
        armour = signed[signed.rfind(_SIGNATURE) :] if _SIGNATURE in signed else b""
        raise SignatureFault(_why(_signatures(armour), certificate, error)) from None
    if good.bytes is None or not _by(good, certificate):
        raise SignatureFault(f"no good signature by {certificate.fingerprint}")
    return good.bytes


def _check_detached(job: ReadJob, certificate: pysequoia.Cert) -> None:
    if not job.signature:
        raise SignatureFault("no signature came with it")
    found = list(_signatures(_read(Path(job.signature), _LONGEST_SIGNATURE)))
    if not found:
        raise SignatureFault("what came as its signature is none")
    why: Exception | None = None
    for each in found:
        try:
            if _by(pysequoia.verify(file=job.body, signature=each, store=lambda _: [certificate]), certificate):
                return
        except RuntimeError as error:
            why = error
    raise SignatureFault(_why(found, certificate, why))


def _by(good: pysequoia.Decrypted, certificate: pysequoia.Cert) -> bool:
    return any(each.certificate == certificate.fingerprint for each in good.valid_sigs)


def _signatures(raw: bytes) -> list[pysequoia.Sig]:
    try:
        packets = [packet for packet in PacketPile.from_bytes(raw) if packet.tag == Tag.Signature][:_MOST]
        return [pysequoia.Sig.from_bytes(bytes(packet)) for packet in packets]
    except RuntimeError:
        return []


def _why(found: list[pysequoia.Sig], certificate: pysequoia.Cert, error: Exception | None) -> str:
    """Say what is wrong, as far as it can be seen: whose signatures there are, how made, until when."""
    wanted = certificate.fingerprint
    said = [f"no good signature by {wanted}"]
    for each in found[:3]:
        made = f"{each.created:%Y-%m-%d}" if each.created else "at no time"
        until = f", until {each.expiration:%Y-%m-%d}" if each.expiration else ""
        by = each.issuer_fingerprint or each.issuer_key_id or "nobody"
        said.append(f"one by {by} made {made}{until} with {str(each.hash_algorithm).rpartition('.')[2]}")
    if not found and error is not None:
        said.append(_first_line(error))
    return "; ".join(said)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "")[:200]


def _unarmoured(raw: bytes) -> Iterator[bytes]:
    """Yield the text of a clear-signed body that was checked before; any other as it is."""
    lines = raw.split(b"\n")
    begin = next((place for place, line in enumerate(lines) if line.rstrip() == _BEGIN), None)
    if begin is None:
        yield raw
        return
    head = True
    for line in lines[begin + 1 :]:
        if head:
            head = bool(line.strip())
        elif line.rstrip() == _SIGNATURE:
            return
        else:
            yield line.removeprefix(b"- ") + b"\n"
