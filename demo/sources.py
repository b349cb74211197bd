"""The declarations of the miniature Internet's feeds: the same TOML an operator would write."""

from __future__ import annotations

from pathlib import Path

_COMMON = """about = "a feed of the demo"
licence = "made for the demo"
commercial = "yes"
redistribute = true
tlp = "clear"
every = "5s"
min_interval = "1s"
"""

# file name -> what stands below the common part; {base} is the server's address
DECLARATIONS = {
    "levels": """url = "{base}/levels.txt"
class = "blacklist"
parser = "delimited"
kind = "ipv4"
[options]
delimiter = "\\t"
column = 0
""",
    "drop": """url = "{base}/drop.txt"
class = "hijacked-network"
parser = "lines"
kind = "network"
[options]
comment = ";"
[expect]
must_match = "DROP"
""",
    "drop_json": """url = "{base}/drop.json"
class = "hijacked-network"
parser = "jsonl"
kind = "network"
[options]
field = "cidr"
""",
    "malware_urls": """url = "{base}/urls.csv"
class = "malware-distribution"
parser = "delimited"
kind = "url"
[options]
delimiter = ","
quote = '"'
column = 2
[where]
3 = ["online"]
""",
    "phishing": """url = "{base}/phishing.txt"
class = "phishing"
parser = "lines"
kind = "url"
""",
    "fluxing": """url = "{base}/fluxing.txt"
class = "malware-distribution"
parser = "lines"
kind = "domain"
""",
    "hosts": """url = "{base}/hosts.txt"
class = "malware-distribution"
parser = "hosts"
kind = "domain"
""",
    "controllers": """url = "{base}/c2.json"
class = "c2-server"
parser = "json"
kind = "ipv4"
[options]
field = "ip_address"
[where]
status = ["online"]
""",
    "attackers": """url = "{base}/block.txt"
class = "brute-force"
parser = "delimited"
kind = "network"
[options]
delimiter = "\\t"
column = 0
prefix_column = 2
skip = 1
""",
    "peers": """url = "{base}/peers.p2p.gz"
class = "blacklist"
parser = "p2p"
kind = "network"
""",
    "certificates": """url = "{base}/certificates.csv"
class = "c2-server"
parser = "delimited"
kind = "cert_sha1"
[options]
delimiter = ","
column = 1
""",
    "sshd": """url = "{base}/sshd.txt"
class = "brute-force"
parser = "delimited"
kind = "ipv4"
redistribute = false
[options]
delimiter = "|"
column = 2
strip = true
""",
    "brute_force": """url = "{base}/bruteforce.txt"
class = "brute-force"
parser = "delimited"
kind = "ipv4"
[options]
delimiter = "\\t"
column = 0
""",
    "rules": """url = "{base}/rules.rules"
class = "blacklist"
parser = "regex"
kind = "ipv4"
[options]
pattern = '\\d+\\.\\d+\\.\\d+\\.\\d+'
""",
    "samples": """url = "{base}/samples.txt"
class = "malware-distribution"
parser = "lines"
kind = "sha256"
""",
    "slow": """url = "{slow}/slow.txt"
class = "blacklist"
parser = "lines"
kind = "ipv4"
""",
    "dying": """url = "{base}/dying.txt"
class = "blacklist"
parser = "lines"
kind = "ipv4"
""",
    "becomes_page": """url = "{base}/page.txt"
class = "blacklist"
parser = "lines"
kind = "ipv4"
""",
    "poisoned": """url = "{base}/poisoned.txt"
class = "blacklist"
parser = "lines"
kind = "auto"
""",
    "shrinking": """url = "{base}/shrinking.txt"
class = "blacklist"
parser = "lines"
kind = "ipv4"
[expect]
max_shrink = 0.5
""",
}

# What needs more than a server: a key, a certificate, somebody who reports.
PARTNER = """url = "{base}/attributes/restSearch"
class = "c2-server"
parser = "misp"
kind = "auto"
redistribute = false
tlp = "amber"
absence = "nothing"
keep = "30d"
credential = "demo_partner"
[request]
method = "POST"
headers = { Authorization = "{credential}", Accept = "application/json" }
body = '{"returnFormat":"json","timestamp":"{since}","page":{page},"limit":{size},"deleted":[0,1]}'
[request.pages]
by = "page"
rows = "response.Attribute"
size = 5
[request.since]
from = "greatest"
path = "response.Attribute.*.timestamp"
format = "epoch"
first = "0"
"""
RECENT = """url = "{base}/recent.csv"
class = "brute-force"
parser = "delimited"
kind = "ipv4"
absence = "nothing"
keep = "12s"
timezone = "Europe/Rome"
[options]
delimiter = ","
column = 1
[fields]
first_seen = 0
malware = 2
"""
SIGNED = """url = "{base}/signed.txt.asc"
class = "scanner"
parser = "lines"
kind = "ipv4"
[signature]
key_file = "{certificate}"
fingerprint = "{fingerprint}"
"""
REPORTS = """entries = true
class = "phishing"
tlp = "green"
"""


def write(folder: Path, base: str, slow: str, certificate: Path | None = None, fingerprint: str = "") -> None:
    """Write one TOML file a feed into `folder`; `base` and `slow` are servers, like `http://127.0.0.1:1234`."""
    folder.mkdir(parents=True, exist_ok=True)
    more = {"recent": RECENT, "partner": PARTNER, "reports": REPORTS}
    if certificate is not None:
        more["signed"] = SIGNED
    places = {"base": base, "slow": slow, "certificate": str(certificate), "fingerprint": fingerprint}
    for name, body in (DECLARATIONS | more).items():
        own, _, tables = body.partition("\n[")
        common = "".join(line + "\n" for line in _COMMON.splitlines() if line.split(" =")[0] + " =" not in own)
        text = f'name = "demo_{name}"\n{common}{own}\n' + (f"[{tables}" if tables else "")
        for place, value in places.items():
            text = text.replace("{" + place + "}", value)
        (folder / f"{name}.toml").write_text(text)
