"""`ringwall allow`: a rule in words, stored and in force; what is there already stays as it is."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, Final

from ringwall.domain.group import Direction
from ringwall.domain.traffic import Traffic

from .words import codes
from .words.changing import (
    Stored,
    add_change_arguments,
    ask_before,
    confirmed,
    danger_of_hosts,
    guarded,
    made,
    print_json,
    rule_json,
    settle,
)
from .words.flows import is_world
from .words.found import Ambiguous, Meant, carriers, hosts_of, meant_by, names_for, rules_of_groups
from .words.rules import (
    WORD_OF,
    NotUnderstood,
    Rule,
    Wanted,
    is_port_for_protocol,
    lines_of,
    parse_arguments,
    port_for_protocol,
    rule_of,
    shown,
    traffic_text,
    words_of,
)
from .words.session import Refused, Session, add_session_arguments, open_session
from .words.table import counted, progress

VERB: Final = "allow"

Missing = list[tuple[Traffic, str]]
"""What is to be added: traffic and peer of each rule."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `ringwall allow`."""
    parser.add_argument(
        "rule", nargs="+", metavar="RULE",
        help="GROUP PROTOCOL/PORTS from|to PEER, such as `web tcp/22 from 192.0.2.0/24`, or one line in quotes",
    )  # fmt: skip
    parser.add_argument("--note", metavar="TEXT", help="what it is for; `ringwall list` shows it")
    add_change_arguments(parser)
    add_session_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Adds what isn't there yet, in one transaction."""
    return guarded(VERB, lambda: _run(options), is_json=options.json, changes=True)


def _run(options: argparse.Namespace) -> int:
    wanted = _wanted(options.rule)
    session = open_session(options)
    with progress("looking for what is there"):
        meant = meant_by(session, wanted, options.vpc)
        assert meant.group is not None
        there = [rule for rule in rules_of_groups(session, [meant.group["GroupId"]]) if meant.matches(rule)]
    if len(meant.peers) > 1 and not wanted.blocks:
        named = ", ".join(sorted(meant.peers))
        raise Ambiguous(f"{shown(wanted.peer or '')} names several peers: {named}. Give the id.")
    missing = _missing(meant, there)
    note = options.note if options.note is not None else wanted.note
    if not missing:
        return _nothing_to_do(session, there, options)
    interfaces = carriers(session, [meant.group["GroupId"]])
    texts = [_text(meant, traffic, peer) for traffic, peer in missing]
    if options.dry_run:
        return _show(session, meant, missing, note, texts, options, len(hosts_of(interfaces)))
    dangers = _danger_of_world(session, meant, missing, texts) + danger_of_hosts(hosts_of(interfaces), options)
    ask_before(dangers, "Allow this" if len(missing) == 1 else "Allow these", options)
    return _allow(session, meant, missing, note, there, options)


def _wanted(words: Sequence[str]) -> Wanted:
    """The one rule that is asked for.

    Raises:
        NotUnderstood: it is none, or several, or has a number where a port is much rather meant.
    """
    wanted = parse_arguments(words)
    if len(wanted) != 1 or wanted[0].group is None:
        raise NotUnderstood("One rule at a time: GROUP PROTOCOL/PORTS from|to PEER.")
    number = (words if len(words) > 1 else words_of(words[0])[0])[1]
    if is_port_for_protocol(number):
        raise NotUnderstood(port_for_protocol(number))
    if wanted[0].has_host_bits:
        raise NotUnderstood(
            f"{wanted[0].peer} has host bits. The block is {wanted[0].blocks[0]}, the one address "
            f"{(wanted[0].peer or '').partition('/')[0]}: write what is meant."
        )
    return wanted[0]


def _missing(meant: Meant, there: Sequence[Rule]) -> Missing:
    """What isn't there yet. Of `any`, a family that the protocol never runs over is left out."""
    has = {(rule.traffic, rule.peer.value) for rule in there}
    several = len(meant.peers) > 1
    return [
        (traffic, peer)
        for traffic in meant.wanted.traffics
        for peer in sorted(meant.peers)
        if (traffic, peer) not in has and not (several and _never_matches(traffic, peer))
    ]


def _never_matches(traffic: Traffic, peer: str) -> bool:
    return traffic.protocol == ("icmp" if ":" in peer else "icmpv6")


def _text(meant: Meant, traffic: Traffic, peer: str) -> str:
    name = peer if meant.wanted.blocks else shown(meant.wanted.peer or peer)
    word = WORD_OF[meant.wanted.direction or Direction.INGRESS]
    return f"{shown(meant.wanted.group or '')} {traffic_text(traffic)} {word} {name}"


def _danger_of_world(session: Session, meant: Meant, missing: Missing, texts: Sequence[str]) -> list[str]:
    """A sentence for each rule that lets everybody in."""
    if meant.wanted.direction is not Direction.INGRESS:
        return []
    return [
        f"It opens to the whole world: {text}"
        for (_, peer), text in zip(missing, texts, strict=True)
        if any(is_world(block) for block in _blocks(session, peer))
    ]


def _blocks(session: Session, peer: str) -> list[str]:
    """The blocks that a peer stands for, as far as that can be read; none for a group."""
    if "/" in peer:
        return [peer]
    if not peer.startswith("pl-"):
        return []
    try:
        return [each["Cidr"] for each in session.every("GetManagedPrefixListEntries", PrefixListId=peer)]
    except Refused:
        return []


def _nothing_to_do(session: Session, there: list[Rule], options: argparse.Namespace) -> int:
    names = names_for(session, there)
    if options.json:
        print_json({"allowed": [], "already": [rule_json(rule, names) for rule in there]})
        return codes.DONE
    for line in lines_of(there, names):
        print(f"already there: {line}")
    if options.note is not None and any(rule.note != options.note for rule in there):
        print("Its note stays as it is.")
    return codes.DONE


def _show(
    session: Session, meant: Meant, missing: Missing, note: str | None, texts: list[str], options: argparse.Namespace,
    hosts: int,
) -> int:  # fmt: skip
    """What it would add, once the server has said that it would take it."""
    try:
        session.ec2(_operation(meant), **_parameters(meant, missing, note), DryRun=True)
    except Refused as refused:
        if refused.code != "DryRunOperation":
            raise
    if options.json:
        print_json({"would_allow": texts, "hosts": hosts})
        return codes.DONE
    for text in texts:
        print(f"would allow {text}")
    print(f"on {counted(hosts, 'host')}. Nothing was changed (--dry-run).")
    return codes.DONE


def _operation(meant: Meant) -> str:
    direction = meant.wanted.direction or Direction.INGRESS
    return f"AuthorizeSecurityGroup{direction.value.capitalize()}"


def _parameters(meant: Meant, missing: Missing, note: str | None) -> dict[str, Any]:
    assert meant.group is not None
    return {
        "GroupId": meant.group["GroupId"],
        "IpPermissions": [_permission(traffic, peer, note) for traffic, peer in missing],
    }


def _permission(traffic: Traffic, peer: str, note: str | None) -> dict[str, Any]:
    """The rule as AuthorizeSecurityGroupIngress takes it."""
    kinds = {"sg-": ("UserIdGroupPairs", "GroupId"), "pl-": ("PrefixListIds", "PrefixListId")}
    member, name = kinds.get(peer[:3], ("Ipv6Ranges", "CidrIpv6") if ":" in peer else ("IpRanges", "CidrIp"))
    ports = (
        {"FromPort": traffic.from_port, "ToPort": traffic.to_port} if traffic.has_ports or traffic.has_icmp_type else {}
    )
    return {"IpProtocol": traffic.protocol, **ports, member: [{name: peer, **({"Description": note} if note else {})}]}


def _allow(
    session: Session, meant: Meant, missing: Missing, note: str | None, there: list[Rule], options: argparse.Namespace
) -> int:
    """Adds the rules, tells them and waits."""
    assert meant.group is not None
    group_id = meant.group["GroupId"]
    added: list[Rule] = []
    # Asked for now: nothing shall come between the change and the word that it was made.
    names = names_for(session, there, [group_id, *(each for each in meant.peers if each.startswith("sg-"))])

    def send() -> Stored:
        answer = confirmed(session.ec2(_operation(meant), **_parameters(meant, missing, note)))
        added[:] = map(rule_of, answer["SecurityGroupRules"])
        return Stored(session.revision)

    def is_so() -> bool:
        wanted = set(missing)
        rules = [rule for rule in rules_of_groups(session, [group_id]) if meant.matches(rule)]
        added[:] = [rule for rule in rules if (rule.traffic, rule.peer.value) in wanted]
        return len(added) == len(wanted)

    stored = made(session, send, is_so, f"ringwall list {group_id}")
    if not options.json:
        for line in lines_of(there, names):
            print(f"already there: {line}")
        for line in lines_of(added, names):
            print(f"allowed {line}", flush=True)
    result = {
        "allowed": [rule_json(rule, names) for rule in added],
        "already": [rule_json(rule, names) for rule in there],
    }
    return settle(VERB, session, [stored], options, result, {})
