"""Hosts files."""

DECLARATION = 'parser = "hosts"\nkind = "domain"\n'


def test_names_after_an_address(parse):
    body = "# c\n0.0.0.0 a.example b.example # c.example\n127.0.0.1\td.example\n192.0.2.1 e.example\nplain.example\n"
    assert parse(DECLARATION, body)[0] == ["a.example", "b.example", "d.example", "e.example", "plain.example"]


def test_the_machines_own_names_are_no_rows(parse):
    lines = ["127.0.0.1 localhost", "::1 ip6-localhost", "fe80::1%lo0 localhost", "255.255.255.255 broadcasthost"]
    body = "\n".join([*lines, "0.0.0.0 0.0.0.0"])
    values, _, rows = parse(DECLARATION, body)
    assert (values, rows.refused) == ([], [])


def test_lines_that_say_nothing_are_refused(parse):
    assert parse(DECLARATION, "0.0.0.0\nthis is prose\n0.0.0.0 # nothing\n")[2].refused == [
        (0, "malformed"),
        (1, "malformed"),
        (2, "malformed"),
    ]
