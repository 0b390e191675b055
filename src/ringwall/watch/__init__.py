"""What a host is told and when: messages, the hub that wakes watchers, their cursors."""
