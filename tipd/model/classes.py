"""What being listed means: the types of the Reference Security Incident Taxonomy (RSIT), and few of ours.

Source: the taxonomy's machine tags (namespace `rsit`, kept by ENISA's and TF-CSIRT's task force and as a MISP
taxonomy), with `data-leak`, `system-compromise` and `undetermined` of its later versions. RSIT tells incidents; a list
also holds what is no incident (a Tor exit, a bogon), so there are words of our own, each with its reason. Five of them
(`blacklist`, `dga-domain`, `malware`, `proxy`, `tor-exit` as `tor`) stand in IntelMQ beside RSIT's types too.
"""

from __future__ import annotations

# Type → RSIT's classification.
RSIT: dict[str, str] = {
    "spam": "abusive-content",
    "harmful-speech": "abusive-content",
    "violence": "abusive-content",
    "infected-system": "malicious-code",
    "c2-server": "malicious-code",
    "malware-distribution": "malicious-code",
    "malware-configuration": "malicious-code",
    "scanner": "information-gathering",
    "sniffing": "information-gathering",
    "social-engineering": "information-gathering",
    "ids-alert": "intrusion-attempts",
    "brute-force": "intrusion-attempts",
    "exploit": "intrusion-attempts",
    "privileged-account-compromise": "intrusions",
    "unprivileged-account-compromise": "intrusions",
    "application-compromise": "intrusions",
    "system-compromise": "intrusions",
    "burglary": "intrusions",
    "dos": "availability",
    "ddos": "availability",
    "misconfiguration": "availability",
    "sabotage": "availability",
    "outage": "availability",
    "unauthorised-information-access": "information-content-security",
    "unauthorised-information-modification": "information-content-security",
    "data-loss": "information-content-security",
    "data-leak": "information-content-security",
    "unauthorized-use-of-resources": "fraud",
    "copyright": "fraud",
    "masquerade": "fraud",
    "phishing": "fraud",
    "weak-crypto": "vulnerable",
    "ddos-amplifier": "vulnerable",
    "potentially-unwanted-accessible": "vulnerable",
    "information-disclosure": "vulnerable",
    "vulnerable-system": "vulnerable",
    "other": "other",
    "undetermined": "other",
    "test": "test",
}

# Ours → why none of RSIT's will do.
OURS: dict[str, str] = {
    "blacklist": "the list says that it is bad and not in which way (a union of lists, a score)",
    "malware": "malware itself, by its hash; RSIT has where it comes from and where it runs",
    "dga-domain": "a name that malware will ask for, whoever holds it",
    "hijacked-network": "a network that criminals run or took; no single incident",
    "cryptomining": "a pool or page that mines; unwanted where it is not yours",
    "tor-exit": "where Tor leaves to the Internet; no fault in itself",
    "proxy": "an open proxy or anonymizer; no fault in itself",
    "bogon": "addresses nobody was given, which no packet should come from",
    "sinkhole": "held by defenders; whoever asks it is infected",
    "tracker": "advertising and tracking; a matter of taste, not of threat",
}

CLASSES: frozenset[str] = frozenset({*RSIT, *OURS})

# What others call them in their rows: IntelMQ's old names, abuse.ch's, MISP's.
_ALSO: dict[str, str] = {
    "backdoor": "system-compromise",
    "botnet-cc": "c2-server",
    "botnet-drone": "infected-system",
    "botnet": "infected-system",
    "bruteforce": "brute-force",
    "c2": "c2-server",
    "c2server": "c2-server",
    "cc": "c2-server",
    "command-and-control": "c2-server",
    "compromised": "system-compromise",
    "cc-skimming": "application-compromise",
    "defacement": "application-compromise",
    "dga": "dga-domain",
    "malicious-code": "malware",
    "malware-download": "malware-distribution",
    "malware-sample": "malware",
    "payload": "malware",
    "payload-delivery": "malware-distribution",
    "port-scan": "scanner",
    "ransomware": "malware",
    "scan": "scanner",
    "scanning": "scanner",
    "tor": "tor-exit",
    "unknown": "undetermined",
}


def classification(word: str) -> str:
    """Return RSIT's classification of a class, `other` for ours; raises ValueError for what is none."""
    if word in OURS:
        return "other"
    try:
        return RSIT[word]
    except KeyError:
        raise ValueError(f"{word!r} is no class of the taxonomy, nor one of ours") from None


def read_class(text: str) -> str | None:
    """Return the class that somebody else's word means (`C2 Server`, `botnet_cc`, `rsit:fraud="phishing"`), or None."""
    word = text.strip().lower().rstrip('"').rpartition('"')[2] if text.rstrip().endswith('"') else text.strip().lower()
    word = "-".join(word.replace("&", "").replace("_", " ").replace("-", " ").split())
    return word if word in CLASSES else _ALSO.get(word)
