"""How a worker process reads a body: bytes to units, units to rows, rows to indicators, and what is new of them."""
