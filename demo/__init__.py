"""A miniature Internet on loopback and the real daemon against it, so that everything can be seen without a network."""
