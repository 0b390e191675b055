"""Policy documents: read, and evaluated to a decision with its reason."""
