"""nftables as values: objects, expressions, text, netlink bytes, differences. Pure: the socket is the agent's."""
