"""tipd, the Tracking Intelligence Project daemon."""

__version__ = "0.1.0"
