"""Rules revoked with `keep`, on a real host: what lives goes on, nothing new begins, and the rest can be cut."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_bytes
from typing import Any

import pytest

import netns
from fleet import HOST, PEER, Fleet, fleet_in, passes, permission, wait_for
from ringwall.agent.interfaces import read_interfaces

pytestmark = [pytest.mark.kernel, netns.needs_kernel]
REFUSED_SECONDS = 0.3
"""Nothing takes so long that passes on a cable."""
Session = tuple[socket.socket, socket.socket]


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    """A host that enforces, whose group admits port 22, and revokes with `keep`."""
    with fleet_in(tmp_path) as made:
        made.enrol()
        made.admit(22)
        made.enforce(yes=True)
        made.ec2("create_tags", Resources=[made.group_id], Tags=[{"Key": "ringwall:on-revoke", "Value": "keep"}])
        yield made


def draining(fleet: Fleet) -> list[Any]:
    """What the server says of rules that drain."""
    found: list[Any] = fleet.api("GET", "/ringwall/v1/draining")["draining"]
    return found


def flows_left(fleet: Fleet) -> list[int | None]:
    """Of each rule that drains."""
    return [each["flows_left"] for each in draining(fleet)]


def rule_id(fleet: Fleet, port: int) -> str:
    """Of the group's rule for the port."""
    named = [{"Name": "group-id", "Values": [fleet.group_id]}]
    rules = fleet.ec2("describe_security_group_rules", Filters=named)["SecurityGroupRules"]
    return next(str(each["SecurityGroupRuleId"]) for each in rules if each["FromPort"] == port)


def left(fleet: Fleet, rule: str) -> list[tuple[str, int, str, bool]]:
    """The flows that a rule leaves that drains: source, destination's port, direction, and whether it would end."""
    found = fleet.api("GET", f"/ringwall/v1/rules/{rule}/flows")
    assert (found["ending"], found["going_on"]) == (len(found["flows"]), 0)
    return sorted(
        (each["source"], each["destination_port"], each["direction"], each["ends"]) for each in found["flows"]
    )


def lives(session: Session) -> bool:
    """Whether bytes pass, both ways."""
    return passes(*session) and passes(*reversed(session))


def is_cut(session: Session) -> bool:
    """Whether nothing passes, neither way."""
    return not any(passes(*ends, seconds=REFUSED_SECONDS) for ends in (session, session[::-1]))


@dataclass
class Datagrams:
    """A flow of the peer's to a port of the host's: the socket at the host, which hears everybody, and the peer's."""

    here: socket.socket
    there: socket.socket
    last: Any = field(init=False)
    """Who was heard last."""

    def arrives(self, sender: socket.socket | None = None) -> bool:
        """Whether a datagram comes through, from the flow's own socket or another one."""
        sender, word = sender or self.there, token_bytes(8)
        sender.send(word)
        try:
            while True:
                heard, self.last = self.here.recvfrom(64)
                if heard == word:
                    return True
        except TimeoutError:
            return False

    def is_answered(self) -> bool:
        """Whether the host's answer to the last one comes through."""
        self.here.sendto(b"answer", self.last)
        try:
            return self.there.recv(64) == b"answer"
        except TimeoutError:
            return False


def datagrams(fleet: Fleet, port: int) -> Datagrams:
    """Two sockets, and a datagram that came through."""
    with fleet.host.enter():
        here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        here.bind((HOST, port))
    flow = Datagrams(here, sender(fleet, port))
    here.settimeout(REFUSED_SECONDS)
    fleet.stack.callback(here.close)
    assert flow.arrives()
    return flow


def sender(fleet: Fleet, port: int) -> socket.socket:
    """A socket of the peer's that sends to the port."""
    with fleet.peer.enter():
        there = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        there.connect((HOST, port))
    there.settimeout(REFUSED_SECONDS)
    fleet.stack.callback(there.close)
    return there


def test_a_session_goes_on_and_no_new_one_begins(fleet: Fleet) -> None:
    session = fleet.converse(fleet.listen(22))
    assert "kept" not in fleet.table(), "what isn't needed isn't there"
    rule = rule_id(fleet, 22)
    fleet.revoke(22)
    assert lives(session)
    fleet.admit(23)
    fleet.converse(fleet.listen(23))
    assert left(fleet, rule) == [(PEER, 22, "ingress", True)], "and no other flow"
    with pytest.raises(KeyError):
        left(fleet, "sgr-0123456789abcdef0")
    fleet.revoke(23)
    wait_for(lambda: sorted(flows_left(fleet), key=str) == [1, 1], "both to be told of")
    (other,) = (each["rule_id"] for each in draining(fleet) if each["from_port"] == 23)
    assert left(fleet, other) == [(PEER, 23, "ingress", True)]
    fleet.api("DELETE", f"/ringwall/v1/draining/{other}")
    assert not fleet.connects(22), "not from the address that a session is from either"
    wait_for(lambda: flows_left(fleet) == [1], "the flow to be told of")
    (shown,) = draining(fleet)
    assert (shown["group_id"], shown["from_port"], shown["peer"]) == (fleet.group_id, 22, "10.0.0.0/24")
    assert shown["hosts"] == [{"instance_id": fleet.instance_id, "flows_left": 1}]
    session[1].close(), session[0].close()
    wait_for(lambda: draining(fleet) == [], "the drain to end with its flow")
    fleet.settled()
    assert "kept" not in fleet.table()


def test_a_session_with_an_address_of_loopback_goes_on_and_is_shown(fleet: Fleet) -> None:
    """As load balancers give them to hosts that answer by themselves."""
    fleet.host.run(["ip", "address", "add", "192.0.2.80/32", "dev", "lo"])
    fleet.peer.run(["ip", "route", "add", "192.0.2.80", "via", HOST])
    with fleet.host.enter():
        listener = socket.create_server(("192.0.2.80", 22))
    fleet.stack.callback(listener.close)
    session = fleet.converse(listener)
    shown = fleet.api("GET", f"/ringwall/v1/rules/{rule_id(fleet, 22)}/flows")
    assert [each["destination"] for each in shown["flows"]] == ["192.0.2.80"]
    assert shown["ending"] == 1
    with fleet.host.enter():
        (mine,) = [each for each in read_interfaces(loopback=True) if each.device == "lo"]
    assert mine.addresses == ("192.0.2.80/32",), "what the host alone can reach is nobody's flow"
    fleet.revoke(22)
    assert lives(session)
    wait_for(lambda: flows_left(fleet) == [1], "the flow to be told of")


def test_a_rule_without_flows_doesnt_drain_for_long(fleet: Fleet) -> None:
    fleet.revoke(22)
    wait_for(lambda: draining(fleet) == [], "the drain to end")
    assert not fleet.connects(22)


def test_up_and_download_run_on_through_the_commit(fleet: Fleet) -> None:
    listener = fleet.listen(22)
    up, down = fleet.converse(listener), fleet.converse(listener)
    received = {"up": 0, "down": 0}

    enough = threading.Event()

    def flood(sender: socket.socket) -> None:
        while not enough.is_set():
            sender.sendall(bytes(1 << 14))
        sender.shutdown(socket.SHUT_WR)

    def drink(receiver: socket.socket, name: str) -> None:
        while data := receiver.recv(1 << 16):
            received[name] += len(data)

    pairs = ((up[1], up[0], "up"), (down[0], down[1], "down"))
    threads = [threading.Thread(target=flood, args=(sender,)) for sender, _, _ in pairs]
    threads += [threading.Thread(target=drink, args=(receiver, name)) for _, receiver, name in pairs]
    for thread in threads:
        thread.start()
    try:
        fleet.revoke(22)
        for name in received:
            at = received[name]
            wait_for(lambda name=name, at=at: received[name] > at + (1 << 22), f"the {name}load to run on")
    finally:
        enough.set()
        for thread in threads:
            thread.join()


@pytest.mark.parametrize("answered", [True, False])
def test_datagrams_go_on_also_those_that_nobody_ever_answered(fleet: Fleet, answered: bool) -> None:
    syslog = {**permission(514), "IpProtocol": "udp"}
    fleet.ec2("authorize_security_group_ingress", GroupId=fleet.group_id, IpPermissions=[syslog])
    fleet.settled()
    flow = datagrams(fleet, 514)
    assert not answered or flow.is_answered()
    fleet.ec2("revoke_security_group_ingress", GroupId=fleet.group_id, IpPermissions=[syslog])
    fleet.settled()
    for _ in range(3):
        assert flow.arrives()
    assert flow.is_answered(), "an answer is part of the flow"
    assert not flow.arrives(sender(fleet, 514))
    assert flow.arrives()


def test_what_is_left_can_be_cut(fleet: Fleet) -> None:
    session = fleet.converse(fleet.listen(22))
    revoked = rule_id(fleet, 22)
    fleet.revoke(22)
    assert lives(session)
    ended = fleet.api("DELETE", f"/ringwall/v1/draining/{revoked}")
    assert ended["ended"] == revoked
    fleet.settled()
    assert is_cut(session)
    assert "kept" not in fleet.table()
    assert fleet.api("DELETE", f"/ringwall/v1/draining/{revoked}")["error"]["code"] == (
        "InvalidSecurityGroupRuleId.NotFound"
    )


def test_the_call_goes_before_the_tag(fleet: Fleet) -> None:
    listener = fleet.listen(22)
    session = fleet.converse(listener)
    path, ruled = f"/ringwall/v1/groups/{fleet.group_id}/revoke", rule_id(fleet, 22)
    answer = fleet.api("POST", path, {"rule_ids": [ruled], "on_revoke": "cut"})
    assert [each["rule_id"] for each in answer["revoked"]] == [ruled]
    assert answer["draining"] == []
    fleet.settled()
    assert is_cut(session)
    fleet.admit(22)
    session = fleet.converse(listener)
    fleet.ec2("delete_tags", Resources=[fleet.group_id], Tags=[{"Key": "ringwall:on-revoke"}])
    ruled = rule_id(fleet, 22)
    assert fleet.api("POST", path, {"rule_ids": [ruled], "on_revoke": "keep"})["draining"] == [ruled]
    fleet.settled()
    assert lives(session)
    assert not fleet.connects(22)


def test_the_agent_may_die_and_come_back(fleet: Fleet) -> None:
    session = fleet.converse(fleet.listen(22))
    fleet.revoke(22)
    wait_for(lambda: flows_left(fleet) == [1], "the flow to be told of")
    before = fleet.table()
    fleet.agents[-1].kill()
    assert lives(session)
    wait_for(lambda: not fleet.about()["connected"], "the server to notice")
    fleet.start_agent()
    fleet.settled()
    assert fleet.table() == before
    assert lives(session)
    wait_for(lambda: flows_left(fleet) == [1], "the new agent to tell of the flow")


def test_a_rule_revoked_while_the_agent_is_away_is_kept_when_it_returns(fleet: Fleet) -> None:
    session = fleet.converse(fleet.listen(22))
    # An agent that is killed before the state is on disk knows less than the kernel has, and then cuts.
    revision = b'"revision":%d' % fleet.about()["revision"]
    wait_for(lambda: revision in (fleet.data / "state.json").read_bytes(), "the state on disk")
    fleet.agents[-1].kill()
    wait_for(lambda: not fleet.about()["connected"], "the server to notice")
    fleet.ec2("revoke_security_group_ingress", GroupId=fleet.group_id, IpPermissions=[permission(22)])
    assert fleet.connects(22), "nobody told the host"
    fleet.start_agent()
    fleet.settled()
    assert lives(session)
    assert not fleet.connects(22)


def test_a_table_that_is_replaced_whole_keeps_them(fleet: Fleet) -> None:
    session = fleet.converse(fleet.listen(22))
    fleet.revoke(22)
    fleet.agents[-1].kill()
    # An object that no rule can say, for which the table is made anew.
    fleet.host.run(["nft", "add", "counter", "inet", "ringwall", "foreign"])
    assert lives(session)
    fleet.start_agent()
    wait_for(lambda: "foreign" not in fleet.table(), "the replacement")
    assert lives(session)
    assert not fleet.connects(22)


def test_a_flow_that_ended_doesnt_begin_anew_over_the_same_ports(fleet: Fleet) -> None:
    """Not even where the kernel, which had just let go of that very entry, gives it the same number again."""
    syslog = {**permission(514), "IpProtocol": "udp"}
    fleet.ec2("authorize_security_group_ingress", GroupId=fleet.group_id, IpPermissions=[syslog])
    fleet.settled()
    flow = datagrams(fleet, 514)
    fleet.ec2("revoke_security_group_ingress", GroupId=fleet.group_id, IpPermissions=[syslog])
    fleet.settled()
    assert flow.arrives()
    fleet.host.run(["conntrack", "-D", "-p", "udp", "--orig-port-dst", "514"])
    for _ in range(3):
        assert not flow.arrives()


def test_a_syn_on_the_ports_of_a_kept_connection_is_refused(fleet: Fleet) -> None:
    session = fleet.converse(fleet.listen(22))
    source = session[1].getsockname()[1]
    fleet.revoke(22)
    assert lives(session)
    session[1].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    session[1].close()  # with a reset
    with fleet.peer.enter(), socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind((PEER, source))
        again.settimeout(0.5)
        with pytest.raises(TimeoutError):
            again.connect((HOST, 22))


def test_what_another_rule_admits_is_that_rules_to_keep_or_cut(fleet: Fleet) -> None:
    session = fleet.converse(fleet.listen(22))
    wider = {**permission(22), "FromPort": 20, "ToPort": 30}
    fleet.ec2("authorize_security_group_ingress", GroupId=fleet.group_id, IpPermissions=[wider])
    fleet.settled()
    fleet.revoke(22)
    assert lives(session)
    wait_for(lambda: draining(fleet) == [], "a drain of nothing to end")
    path = f"/ringwall/v1/groups/{fleet.group_id}/revoke"
    fleet.api("POST", path, {"rule_ids": [rule_id(fleet, 20)], "on_revoke": "cut"})
    fleet.settled()
    assert is_cut(session)


def test_the_same_rule_again_takes_its_flows_over(fleet: Fleet) -> None:
    session = fleet.converse(fleet.listen(22))
    fleet.revoke(22)
    fleet.admit(22)
    assert draining(fleet) == []
    assert "kept" not in fleet.table()
    assert lives(session)
    fleet.api(
        "POST", f"/ringwall/v1/groups/{fleet.group_id}/revoke", {"rule_ids": [rule_id(fleet, 22)], "on_revoke": "cut"}
    )
    fleet.settled()
    assert is_cut(session)


def test_nothing_but_a_revoked_rule_keeps(fleet: Fleet) -> None:
    """A rule that is modified, a list that shrinks, a group that is taken away: each cuts, whatever the tag says."""
    listener = fleet.listen(22)
    session, ruled = fleet.converse(listener), rule_id(fleet, 22)
    elsewhere = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIpv4": "192.0.2.0/24"}
    fleet.ec2(
        "modify_security_group_rules", GroupId=fleet.group_id,
        SecurityGroupRules=[{"SecurityGroupRuleId": ruled, "SecurityGroupRule": elsewhere}],
    )  # fmt: skip
    fleet.settled()
    assert is_cut(session)

    listed = fleet.ec2(
        "create_managed_prefix_list", PrefixListName="l", AddressFamily="IPv4", MaxEntries=2,
        Entries=[{"Cidr": "10.0.0.0/24"}],
    )["PrefixList"]["PrefixListId"]  # fmt: skip
    by_list = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "PrefixListIds": [{"PrefixListId": listed}]}
    fleet.ec2("authorize_security_group_ingress", GroupId=fleet.group_id, IpPermissions=[by_list])
    fleet.settled()
    session = fleet.converse(listener)
    fleet.ec2(
        "modify_managed_prefix_list", PrefixListId=listed, CurrentVersion=1, RemoveEntries=[{"Cidr": "10.0.0.0/24"}]
    )
    fleet.settled()
    assert is_cut(session)

    fleet.admit(22)
    session = fleet.converse(listener)
    fleet.revoke(22)
    assert lives(session), "this was a revoke"
    (interface,) = fleet.ec2("describe_network_interfaces")["NetworkInterfaces"]
    in_vpc = [{"Name": "vpc-id", "Values": [fleet.vpc_id]}, {"Name": "group-name", "Values": ["default"]}]
    (default,) = fleet.ec2("describe_security_groups", Filters=in_vpc)["SecurityGroups"]
    fleet.ec2(
        "modify_network_interface_attribute",
        NetworkInterfaceId=interface["NetworkInterfaceId"], Groups=[default["GroupId"]],
    )  # fmt: skip
    fleet.settled()
    assert is_cut(session), "and its group is gone"
