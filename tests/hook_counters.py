"""What comes to our base chains and what gets past them: counters of other tables, read within microseconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from struct import Struct

from netns import Namespace
from ringwall.agent.netlink import NETFILTER, Netlink
from ringwall.nft.attributes import string
from ringwall.nft.dumps import decode_rule_count
from ringwall.nft.netlink import GET_RULE, NFPROTO_INET, RULE_TABLE

BEFORE_OURS, BEHIND_OURS = -100, 100
_HEADER = Struct("=BBH")


@contextmanager
def counted(host: Namespace, name: str, priority: int, tests: Sequence[str]) -> Iterator[Callable[[], int]]:
    """How many packets at the host's hooks have matched any of the tests ("tcp dport 22"), by a table of that name."""
    lines = [f"add table inet {name}"]
    for hook in ("input", "forward", "output"):
        lines.append(f"add chain inet {name} {hook} {{ type filter hook {hook} priority {priority}; }}")
        lines += [f"add rule inet {name} {hook} {test} counter" for test in tests]
    host.run(["nft", "-f", "-"], input="\n".join(lines))
    with host.enter():
        netlink = Netlink(NETFILTER)

    def packets() -> int:
        rules = netlink.dump(GET_RULE, _HEADER.pack(NFPROTO_INET, 0, 0) + string(RULE_TABLE, name))
        counts = (decode_rule_count(rule[_HEADER.size :]) for rule in rules)
        return sum(count.count.packets for count in counts if count is not None)

    with netlink:
        yield packets
