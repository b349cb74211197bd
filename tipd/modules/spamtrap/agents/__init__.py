"""Agents on mail hosts: their sealed versions pulled, verified, taken, and passed on where their manifests allow."""
