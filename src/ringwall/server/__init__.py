"""The HTTP server: the route of a request from raw bytes to a durable answer."""
