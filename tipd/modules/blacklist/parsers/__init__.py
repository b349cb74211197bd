"""Parsers: units of a body to rows. One file each; `registry.py` knows them all."""
