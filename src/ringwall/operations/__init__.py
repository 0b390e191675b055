"""The API's operations, each a function of a transaction and a typed request."""
