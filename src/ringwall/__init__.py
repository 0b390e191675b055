"""EC2 security groups for machines you own: the API, the store, the agent and the kernel."""

__version__ = "0.1.0"
