"""Export formats, one small file each, pure: rows to bytes."""
