"""Where state is kept: one contract, engines behind it."""
