"""The outside over HTTP: REST, the websocket stream, exports, metrics and the web console."""
