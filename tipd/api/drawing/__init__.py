"""Drawings of the console as plain geometry: values in, positions out; templates turn them into SVG."""
