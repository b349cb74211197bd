"""Supervision, scheduling and the two channels; knows no store, no network, no module."""
