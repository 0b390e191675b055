"""`conntrack -F` by hand: what the documents say comes of it. TCP is in test_packets_cut."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import netns
from build import HOST4, PEER4, cidr, egress, everything, ingress, udp, world
from fleet import fleet_in, permission
from lab import Lab, lab
from ringwall.agent.stream import SILENCE_SECONDS_MAX

pytestmark = [
    pytest.mark.kernel,
    netns.needs_kernel,
    pytest.mark.skipif(shutil.which("conntrack") is None, reason="needs conntrack"),
]
EVERYBODY = cidr("0.0.0.0/0")
ADMITTED, REVOKED = 5000, 5001


@pytest.fixture
def net() -> Iterator[Lab]:
    with lab() as made:
        yield made


@pytest.mark.parametrize("egress_admits", [False, True], ids=["egress closed", "egress open"])
def test_udp_is_judged_as_if_it_began_and_a_cut_flow_is_then_the_hosts_if_that_may_send(
    net: Lab, egress_admits: bool
) -> None:
    out = [egress(everything(), EVERYBODY, "sgr-out")] if egress_admits else []
    kept = ingress(udp(ADMITTED), EVERYBODY, "sgr-kept")
    net.enforce(world(kept, ingress(udp(REVOKED), EVERYBODY, "sgr-revoked"), *out))
    admitted, cut = (net.datagrams(net.peer, HOST4, port) for port in (ADMITTED, REVOKED))
    assert net.exchanges(*admitted)
    assert net.exchanges(*cut)
    net.enforce(world(kept, *out))
    assert not net.moves(*cut)
    assert not net.moves(*reversed(cut)), "its entry keeps it cut"

    net.host.run(["conntrack", "-F"])
    assert net.exchanges(*admitted)
    assert not net.moves(*cut), "the peer's datagram is a new flow, which nothing admits"
    assert net.moves(*reversed(cut)) is egress_admits, "the host's is one of its own"
    assert net.moves(*cut) is egress_admits


@pytest.mark.slow
def test_the_agents_own_connection_is_opened_anew_after_its_silence(tmp_path: Path) -> None:
    with fleet_in(tmp_path) as fleet:
        agent = fleet.enrol()
        fleet.listen(22)
        fleet.admit(22)
        fleet.enforce(yes=True)
        fleet.host.run(["conntrack", "-F"])
        began = time.monotonic()
        fleet.ec2("revoke_security_group_ingress", GroupId=fleet.group_id, IpPermissions=[permission(22)])
        while "sgr-" in fleet.table():
            assert time.monotonic() < began + SILENCE_SECONDS_MAX + 20, "the agent doesn't come back"
        assert time.monotonic() > began + SILENCE_SECONDS_MAX - 20, "its old connection went on"
        assert agent.says("said nothing for 45 s")
        assert not fleet.connects(22)
        fleet.settled()


def test_a_flow_that_egress_admits_goes_on_by_its_hosts_next_datagram(net: Lab) -> None:
    net.enforce(world(egress(udp(53), EVERYBODY, "sgr-dns")))
    near, far = net.datagrams(net.host, PEER4, 53)
    assert net.exchanges(near, far)
    net.host.run(["conntrack", "-F"])
    assert not net.moves(far, near), "an answer to nothing that is known"
    assert net.exchanges(near, far)
