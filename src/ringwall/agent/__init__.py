"""The host's side: receives the desired state, commits it to the kernel, says what is in force."""
