"""Mail to artefacts: bytes in, one record out. Pure; Python 3.11, since the agent on mail hosts runs it too."""
