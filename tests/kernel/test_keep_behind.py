"""Rules revoked with `keep`, on a host with containers behind it: forwarded flows of both families, and between two."""

from __future__ import annotations

import pytest

import netns
from containers import HOST6, VERSIONS, Container, Pair, Site, are_cut, connect, is_reached, sessions
from fleet import passes, wait_for

pytestmark = [pytest.mark.kernel, netns.needs_kernel]


def container(site: Site, device: str, group_id: str) -> Container:
    """A container whose interface carries the group."""
    interface = site.interface(group_id)
    site.told("attach", device, interface.interface_id)
    return site.container(device, interface)


def keeps(site: Site, *group_ids: str) -> None:
    """The groups revoke with `keep`."""
    tag = {"Key": "ringwall:on-revoke", "Value": "keep"}
    site.fleet.ec2("create_tags", Resources=list(group_ids), Tags=[tag])


def live(pairs: list[Pair]) -> bool:
    """Whether all of them live, both ways."""
    return all(passes(*ends) for pair in pairs for ends in (pair, pair[::-1]))


def flows_left(site: Site) -> list[int | None]:
    """Of each rule that drains."""
    return [each["flows_left"] for each in site.fleet.api("GET", "/ringwall/v1/draining")["draining"]]


def test_what_the_host_forwards_to_a_container_goes_on(site: Site) -> None:
    site.grant("ingress", site.group_id)
    inside = container(site, "vc1", site.group_id)
    keeps(site, site.group_id)
    pairs = sessions(site, inside)
    site.revoke("ingress", site.group_id)
    assert live(pairs)
    assert not is_reached(site, inside)
    wait_for(lambda: flows_left(site) == [1, 1], "a flow of each family")
    site.fleet.agents[-1].kill()
    assert live(pairs)
    site.fleet.start_agent()
    wait_for(lambda: site.fleet.about()["connected"], "the new agent")
    site.fleet.settled()
    assert live(pairs)
    for each in site.fleet.api("GET", "/ringwall/v1/draining")["draining"]:
        site.fleet.api("DELETE", f"/ringwall/v1/draining/{each['rule_id']}")
    site.fleet.settled()
    assert are_cut(pairs)


def test_of_two_containers_each_keeps_its_own_end(site: Site) -> None:
    """The sender's egress and the receiver's ingress are revoked one after the other, once with `keep` and once not."""
    sending, receiving = site.group("sending"), site.group("receiving")
    site.grant("egress", sending)
    site.grant("ingress", receiving)
    near, far = container(site, "vc1", sending), container(site, "vc2", receiving)
    made = [connect(near.place, far.place, far.address(version)) for version in VERSIONS]
    pairs = [each for each in made if each is not None]
    assert len(pairs) == len(VERSIONS)
    for pair in pairs:
        for end in pair:
            site.fleet.stack.callback(end.close)
    keeps(site, sending)
    site.revoke("egress", sending)
    assert live(pairs)
    assert connect(near.place, far.place, far.address(4), 8081) is None
    assert connect(near.place, far.place, far.address(4)) is None
    site.revoke("ingress", receiving)
    assert are_cut(pairs)


def test_a_session_of_the_hosts_own_with_ipv6_goes_on(site: Site) -> None:
    own = site.fleet.group_id
    site.grant("ingress", own)
    site.grant("egress", own, port=8443)
    keeps(site, own)
    inward = connect(site.fleet.peer, site.fleet.host, HOST6)
    outward = connect(site.fleet.host, site.fleet.peer, "fd00:aa::2", 8443)
    assert inward
    assert outward
    for pair in (inward, outward):
        for end in pair:
            site.fleet.stack.callback(end.close)
    site.revoke("ingress", own)
    site.revoke("egress", own, port=8443)
    assert live([inward, outward])
    assert connect(site.fleet.peer, site.fleet.host, HOST6) is None
    assert connect(site.fleet.host, site.fleet.peer, "fd00:aa::2", 8443) is None
