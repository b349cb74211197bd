"""What `[request]` may ask."""

from typing import Any

import msgspec
import pytest

from tipd.modules.blacklist.declaration import Source

URL = "https://lists.example.org/api"


def declared(url: str = URL, *, absence: str = "left", credential: str = "", **request: Any) -> Source:
    """Return a source with this `[request]`."""
    tree = {"name": "one", "url": url, "absence": absence, "credential": credential, "request": request}
    return msgspec.convert(tree, Source, strict=True)


def test_a_misp_a_taxii_server_and_a_vendor_are_declarations() -> None:
    misp = declared(
        absence="nothing",
        credential="partner",
        method="POST",
        headers={"Authorization": "{credential}"},
        body='{"timestamp":"{since}","page":{page},"limit":{size}}',
        pages={"by": "page", "size": 1000, "rows": "response.Attribute"},
        since={"from": "greatest", "path": "response.Attribute.*.timestamp", "format": "epoch", "first": "0"},
    )
    assert misp.request.increments and misp.request.paged
    taxii = declared(
        f"{URL}?added_after={{since}}&next={{cursor}}",
        absence="nothing",
        pages={"by": "cursor", "next": "next", "more": "more"},
        since={"from": "header", "header": "X-TAXII-Date-Added-Last"},
    )
    assert taxii.request.increments
    headers = {"Authorization": "Bearer {credential}"}
    vendor = declared(credential="vendor", pages={"by": "link", "next": "links.next"}, headers=headers)
    assert vendor.request.paged and not vendor.request.increments
    assert declared(pages={"by": "manifest"}, absence="nothing").request.increments


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"body": "x"}, r"request\.body: goes with method POST"),
        ({"pages": {"by": "page"}}, r"'page' needs \{page\}"),
        ({"url": URL + "?p={page}"}, r'must be "page" where \{page\} stands'),
        ({"url": URL + "?s={since}"}, r"go together"),
        ({"since": {"from": "began"}, "absence": "nothing"}, r"go together"),
        ({"url": URL + "?s={since}", "since": {"from": "began"}}, r'absence: must be "nothing"'),
        ({"since": {"from": "greatest"}}, r"since\.path"),
        ({"since": {"from": "header"}}, r"since\.header"),
        ({"since": {"from": "began", "format": "text"}}, r"since\.format"),
        ({"since": {"path": "a", "format": "text", "overlap": "5m"}}, r"overlap: nothing can be taken off"),
        ({"since": {"path": "a", "overlap": "soon"}}, r"overlap: not a duration"),
        ({"url": URL + "?n={size}"}, r"pages\.size: is missing"),
        ({"pages": {"by": "cursor"}, "url": URL + "?c={cursor}"}, r"pages\.next"),
        ({"pages": {"by": "manifest"}, "method": "POST", "absence": "nothing"}, r"a manifest is fetched with GET"),
        ({"pages": {"most": 0}}, r"pages\.most"),
        ({"pages": {"size": -1}}, r"must not be negative"),
        ({"pages": {"max_bytes": "much"}}, r"max_bytes: not a size"),
        ({"headers": {"a b": "c"}}, r"is no header's name"),
        ({"headers": {"a": "b\r\nc: d"}}, r"headers\.a: must be one line"),
        ({"headers": {"a": "Bearer {credential}"}}, r"credential: is missing"),
        ({"url": URL + "?k={credential}"}, r"credential: is missing"),
        (
            {"url": URL + "?s={since}", "since": {"from": "began", "whole": "5m"}, "absence": "nothing"},
            r"whole: must be at least 1h",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_key(changes: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, msgspec.ValidationError), match=message):
        declared(**changes)


def test_a_local_file_has_no_pages() -> None:
    tree = {"name": "one", "path": "/var/lib/lists", "request": {"pages": {"by": "link"}}}
    with pytest.raises(msgspec.ValidationError, match="go with url"):
        msgspec.convert(tree, Source)


def test_another_question_begins_anew() -> None:
    one = declared()
    assert one.request.digest(one) == declared().request.digest(declared())
    for other in (declared(URL + "/2"), declared(headers={"Accept": "text/csv"}), declared(absence="nothing")):
        assert other.request.digest(other) != one.request.digest(one)
