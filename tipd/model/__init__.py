"""Values: frozen, no I/O; every other room may import them."""
