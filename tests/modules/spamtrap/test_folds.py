"""Hosts and paths that are made up for each mail fold when there are too many of them."""

from tipd.modules.spamtrap.folds import MOST_HOSTS, MOST_SHAPES, Folds


def test_sub_domains_of_one_domain_fold_together():
    folds = Folds()
    hosts = [folds.fold(1, f"{word}.evil.example", f"{word}.evil.example/x")[0] for word in map(str, range(100))]
    assert hosts[:MOST_HOSTS] == [f"{n}.evil.example" for n in range(MOST_HOSTS)]
    assert set(hosts[MOST_HOSTS:]) == {"*.evil.example"}
    assert folds.fold(1, "3.evil.example", "3.evil.example/x") == ("3.evil.example", "3.evil.example/x")


def test_paths_of_one_host_fold():
    folds = Folds()
    shapes = {folds.fold(1, "evil.example", f"evil.example/{n}")[1] for n in range(1000)}
    assert len(shapes) == MOST_SHAPES + 1 and "evil.example/{t}" in shapes


def test_campaigns_and_domains_fold_by_themselves():
    folds = Folds()
    for n in range(100):
        folds.fold(1, f"{n}.evil.example", f"{n}.evil.example/")
    assert folds.fold(2, "new.evil.example", "new.evil.example/")[0] == "new.evil.example"
    assert folds.fold(1, "new.other.example", "new.other.example/")[0] == "new.other.example"
    assert folds.fold(1, "192.0.2.1", "192.0.2.1/")[0] == "192.0.2.1"
    assert folds.fold(1, "evil.example", "evil.example/")[0] == "evil.example"
