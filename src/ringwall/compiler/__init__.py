"""From what a host should enforce to the nftables ruleset that enforces it. Pure."""
