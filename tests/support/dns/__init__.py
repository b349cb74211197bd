"""A name server on loopback that says what its script tells it to: right, wrong, late, forged, cut or endless."""
