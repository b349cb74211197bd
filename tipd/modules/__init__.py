"""The modules: each in its own room, none knows another. The daemon lists them by hand (`tipd/daemon/modules.py`)."""
