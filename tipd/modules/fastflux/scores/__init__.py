"""What look-ups say of a name: pure, versioned, explained (docs/reference/fast-flux.md has every formula)."""
