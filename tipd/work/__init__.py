"""Worker processes for CPU-bound and hostile parsing: spawned, limited, killable, gone with their parent."""
