"""Archives of spam: what an index page or a folder lists, read as streams, one mail after the other."""
