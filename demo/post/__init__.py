"""The demo's post: who sends what to whom, an archive of it, and a mail host that keeps receiving it."""
