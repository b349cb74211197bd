#!/bin/sh
# tipd-agent: reads spamtraps on a mail host. One file: this, and behind it a zip archive with everything it needs.
# It unpacks itself once, into a cache folder of whoever starts it (TIPD_AGENT_CACHE names another).
for python in "${TIPD_AGENT_PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11; do
    if command -v "$python" >/dev/null 2>&1 &&
        "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null; then
        exec "$python" "$0" "$@"
    fi
done
echo "tipd-agent: no Python 3.11 to 3.14 found; TIPD_AGENT_PYTHON=/path/to/python3 names one" >&2
exit 69
