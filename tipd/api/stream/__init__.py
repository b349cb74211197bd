"""The stream: one hub reads the findings log, encodes each message once and writes it to every reader."""
