"""The section of the configuration."""

import pytest

from tipd.model.classes import CLASSES
from tipd.modules.fastflux.settings import FluxSettings


def test_the_defaults_work():
    settings = FluxSettings()
    assert settings.enabled
    assert set(settings.candidates) <= CLASSES
    assert settings.seconds("ttl_floor") == 1.0
    assert settings.most_bytes == 50 * 2**30
    assert (settings.authority_tags, settings.wildcard_tags) == ((), ()), "who sees the questions is chosen by people"


@pytest.mark.parametrize(
    ("keys", "error"),
    [
        ({"candidates": ("phising",)}, r"candidates: 'phising' is no class \(did you mean 'phishing'\?\)"),
        ({"candidates": ("botnet_cc",)}, r"candidates: 'botnet_cc' is no class \(did you mean 'c2-server'\?\)"),
        ({"max_domains": 0}, "max_domains must be at least 1"),
        ({"max_domains": 10**9}, "max_domains must be at most"),
        ({"queries_per_second": 0}, "queries_per_second"),
        ({"per_apex_per_second": 0.0}, "per_apex_per_second"),
        ({"per_apex_per_second": float("nan")}, "per_apex_per_second"),
        ({"max_names_per_apex": -1}, "max_names_per_apex"),
        ({"ttl_floor": "soon"}, "ttl_floor: not a duration"),
        ({"ttl_floor": "0s"}, "ttl_floor: must be longer"),
        ({"ttl_floor": "2h", "ttl_ceiling": "1h"}, "ttl_ceiling must not be less"),
        ({"ttl_ceiling": "2000d"}, "ttl_ceiling must be at most 365d"),
        ({"dormant_every": "366d"}, "dormant_every must be at most 365d"),
        ({"let_go_after": 0}, "let_go_after"),
        ({"dormant_after": ""}, "dormant_after: a duration is empty"),
        ({"keep_samples": "0d"}, "keep_samples: must be longer"),
        ({"max_bytes": "much"}, "max_bytes: not a size"),
        ({"max_bytes": "1KB"}, "max_bytes must be at least"),
        ({"authority_tags": ("",)}, "authority_tags: '' is no tag"),
        ({"wildcard_tags": (" x",)}, "wildcard_tags: ' x' is no tag"),
        ({"follow_tags": ("two words",)}, "follow_tags: 'two words' is no tag"),
        ({"follow_tags": ("a,b",)}, "follow_tags: 'a,b' is no tag"),
        ({"follow_budget": 0}, "follow_budget"),
        ({"follow_depth": 0}, "follow_depth"),
        ({"vantage": " "}, "vantage"),
    ],
)
def test_what_could_not_be_used_is_refused_and_named(keys, error):
    with pytest.raises(ValueError, match=error):
        FluxSettings(**keys)
