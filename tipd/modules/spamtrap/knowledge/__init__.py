"""What is known of relays and hosts that carry spam and are no spammer's own: TOML files, shipped and yours."""
