"""Types of files by their first bytes."""

import io
import zipfile

import pytest

from tipd.mail.filetype import real_type

OFFICE = "application/vnd.openxmlformats-officedocument."


def _zip(*names):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", ""),
        (b"MZ\x90\x00", "application/vnd.microsoft.portable-executable"),
        (b"%PDF-1.7", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"<!DOCTYPE html><html>", "text/html"),
        (b"\n<script>x</script>", "text/html"),
        (b"<?xml version='1.0'?><svg>", "image/svg+xml"),
        (b"Received: from x\r\nFrom: a@b.example\r\nSubject: x\r\n\r\nhi", "message/rfc822"),
        (b"hello there", "text/plain"),
        (b"\x00\x01\x02\x03", "application/octet-stream"),
        (b"x" * 257 + b"ustar", "application/x-tar"),
        (_zip("a.txt"), "application/zip"),
        (_zip("[Content_Types].xml", "word/a.xml"), OFFICE + "wordprocessingml.document"),
        (_zip("META-INF/MANIFEST.MF"), "application/java-archive"),
    ],
)  # fmt: skip
def test_the_first_bytes_tell(content, kind):
    assert real_type(content) == kind
