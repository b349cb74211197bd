"""What a file is, told by its first bytes, whatever its name and its sender say; media types (RFC 6838)."""

from __future__ import annotations

import re

HEAD = 36 * 1024  # bytes that are looked at: an ISO image says what it is at 32769
_MAGIC = (
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"MZ", "application/vnd.microsoft.portable-executable"),
    (b"\x7fELF", "application/x-elf"),
    (b"%PDF-", "application/pdf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\x1f\x8b", "application/gzip"),
    (b"BZh", "application/x-bzip2"),
    (b"\xfd7zXZ\x00", "application/x-xz"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"\x1f\x9d", "application/x-compress"),
    (b"MSCF\x00\x00\x00\x00", "application/vnd.ms-cab-compressed"),
    (b"ITSF\x03\x00\x00\x00", "application/vnd.ms-htmlhelp"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"\x00\x00\x01\x00", "image/vnd.microsoft.icon"),
    (b"{\\rtf", "application/rtf"),
    (b"\x4c\x00\x00\x00\x01\x14\x02\x00", "application/x-ms-shortcut"),
    (b"\xca\xfe\xba\xbe", "application/java-vm"),
    (b"dex\n03", "application/vnd.android.dex"),
    (b"\xcf\xfa\xed\xfe", "application/x-mach-binary"),
    (b"\xce\xfa\xed\xfe", "application/x-mach-binary"),
    (b"\x78\x9f\x3e\x22", "application/ms-tnef"),
    (b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d", "application/onenote"),
    (b"ID3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"wOFF", "font/woff"),
    (b"wOF2", "font/woff2"),
    (b"!BDN", "application/vnd.ms-outlook-pst"),
    (b"conectix", "application/x-vhd"),
    (b"vhdxfile", "application/x-vhdx"),
    (b"-----BEGIN PGP", "application/pgp-encrypted"),
    (b"BEGIN:VCARD", "text/vcard"),
    (b"BEGIN:VCALENDAR", "text/calendar"),
    (b"#!", "text/x-script"),
)
_BY_FIRST = {first: [pair for pair in _MAGIC if pair[0][0] == first] for first in {magic[0] for magic, _ in _MAGIC}}
_ACE = b"**ACE**"
_HTML = re.compile(
    rb"\s*(?:<!--.{0,200}?-->\s*)?<(?:!doctype\s+html|html|head|body|script|meta|title|table|div)\b", re.I
)
_XML = re.compile(rb"\s*<\?xml\b")
_MAIL = re.compile(rb"(?:From |(?:[A-Za-z][A-Za-z0-9\-]{1,60}:[^\n]{0,998}\r?\n(?:[ \t][^\n]{0,998}\r?\n){0,20}){3})")
_MAIL_FIELD = re.compile(rb"(?:^|\n)(?:from|received|subject|message-id|return-path|mime-version):", re.I)
_OFFICE = (
    (b"word/", "wordprocessingml.document"),
    (b"xl/", "spreadsheetml.sheet"),
    (b"ppt/", "presentationml.presentation"),
)
MESSAGE = "message/rfc822"


def real_type(content: bytes) -> str:
    """Return the media type the first bytes tell; empty for nothing, `text/plain` or octet-stream where they do not."""
    head = content[:HEAD]
    if not head:
        return ""
    for magic, found in _BY_FIRST.get(head[0], ()):
        if head.startswith(magic):
            return _office(content) if found == "application/zip" else found
    if head[7:14] == _ACE:
        return "application/x-ace-compressed"
    if head[4:8] == b"ftyp":
        return "video/mp4"
    if head[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}.get(
            head[8:12], "application/x-riff"
        )
    if head[257:262] == b"ustar":
        return "application/x-tar"
    if head[32769:32774] == b"CD001":
        return "application/x-iso9660-image"
    return _of_text(head[:4096])


def _of_text(head: bytes) -> str:
    bare = head.removeprefix(b"\xef\xbb\xbf")
    if _HTML.match(bare):
        return "text/html"
    if bare.lstrip()[:5].lower() == b"<svg ":
        return "image/svg+xml"
    if _XML.match(bare):
        return "image/svg+xml" if b"<svg" in bare else "text/xml"
    if _MAIL.match(bare) and _MAIL_FIELD.search(bare):
        return MESSAGE
    if head[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return "text/plain"
    control = sum(byte < 9 or 13 < byte < 27 or byte == 127 for byte in head[:512])
    return "application/octet-stream" if control else "text/plain"


def _office(content: bytes) -> str:
    """Return which package a zip is, by the names that stand in clear in its directory."""
    ends = content[:4096] + content[-16384:]
    if b"[Content_Types].xml" in ends:
        for name, kind in _OFFICE:
            if name in ends:
                return f"application/vnd.openxmlformats-officedocument.{kind}"
    if ends[30:38] == b"mimetype" and b"opendocument" in ends[38:100]:
        return "application/vnd.oasis.opendocument"
    if b"AndroidManifest.xml" in ends:
        return "application/vnd.android.package-archive"
    return "application/java-archive" if b"META-INF/MANIFEST.MF" in ends else "application/zip"
