"""The routes, one file a noun; `tipd/api/app.py` lists them by hand."""
