"""What keeps ringwall from working on this host, or could surprise its operator. Looks, and never changes anything.

Whether the kernel can do what is needed is tried in a network namespace of its own that vanishes with the attempt; it
may load the modules that enforcing would load. All else is read.

`examine` is all of it, for `ringwall agent doctor`. `beside` is the part that concerns others on the host, for the
agent's log and reports; it needs no rights that the agent doesn't have.
"""

from __future__ import annotations

import asyncio
import ctypes
import ipaddress
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ringwall.compiler.compile import compile_host
from ringwall.config import ConfigurationError
from ringwall.domain.group import Direction, SecurityGroupRule
from ringwall.domain.interface import Mode
from ringwall.domain.local import LocalPolicy
from ringwall.domain.peer import Peer, PeerKind
from ringwall.domain.traffic import Traffic
from ringwall.domain.world import HostGroup, HostInterface, HostState, InterfaceKind
from ringwall.nft.objects import FAMILY, TABLE

from .attachments import Bound
from .binding import Binder
from .boot import Start, plan
from .directory import AgentDirectory, Identity
from .errors import AgentError, ServerRefused, reason
from .findings import Finding, fail, ok, warn
from .guard import rolled_back
from .interfaces import DeviceAddresses, Moves, missing_sentences, read_interfaces
from .kernel import Kernel
from .others import Others, read_others
from .release import lock_holders, read_marker
from .room import read_room
from .server import Server, parse_server_url
from .stream import ADDRESSES_PATH, HEALTH_PATH

TOLD_MAX: Final = 20
"""So many findings go into the agent's reports."""

NAMED_MAX: Final = 8
"""So many chains or devices are named in one sentence."""

CLOCK_SECONDS_MAX: Final = 60.0
"""A clock that is further from the server's is told; from 15 minutes on the server refuses what is signed."""
_CLOCK_SECONDS_REFUSED: Final = 15 * 60.0

FREE_BYTES_MIN: Final = 64 << 20
_CLONE_NEWNET: Final = 0x40000000
_SYSCTL: Final = Path("/proc/sys/net")


@dataclass(frozen=True, slots=True)
class Host:
    """What is looked at. server: its URL, or empty. state: of the last good state on disk, where there is one."""

    data: Path
    server: str
    local: LocalPolicy
    directory: AgentDirectory
    identity: Identity | None
    state: HostState | None
    interfaces: tuple[DeviceAddresses, ...]
    bound: Bound


def examine(data: Path, server: str, local: LocalPolicy, binder: Binder | None = None) -> list[Finding]:
    """Everything there is to say of the host. binder: what it knows of its containers' devices."""
    host = _host(data, server, local, binder)
    return [finding for check in _ALL for finding in _checked(check, host)]


def beside(
    directory: AgentDirectory,
    identity: Identity,
    local: LocalPolicy,
    state: HostState | None,
    endpoints: frozenset[str],
) -> list[Finding]:
    """What the agent's operator should know of the host and of others on it: no more than TOLD_MAX, the worst first.

    state: what the host should enforce. endpoints: the devices of its containers.

    Raises:
        OSError: the host's devices can't be read.
    """
    bound = Bound(state or HostState(identity.instance_id, Mode.OBSERVE), endpoints, {}, {})
    host = Host(directory.path, "", local, directory, identity, state, read_interfaces(), bound)
    findings = [finding for check in _BESIDE for finding in _checked(check, host)]
    return sorted((each for each in findings if each.status), key=lambda each: -each.status)[:TOLD_MAX]


def _host(data: Path, server: str, local: LocalPolicy, binder: Binder | None = None) -> Host:
    directory = AgentDirectory(data, writable=False)
    try:
        identity = directory.identity()
    except ConfigurationError:
        identity = None
    last = directory.last_state()
    state = last[0].state if last else None
    binder = binder or Binder()
    binder.look()
    bound = binder.bound(state or HostState(identity.instance_id if identity else "", Mode.OBSERVE))
    return Host(data, server, local, directory, identity, state, read_interfaces(), bound)


def _checked(check: Callable[[Host], Iterator[Finding]], host: Host) -> list[Finding]:
    """What the check finds; one that can't look says so, and the others look all the same."""
    found: list[Finding] = []
    try:
        found.extend(check(host))
    except (OSError, ValueError, KeyError, AgentError) as error:
        found.append(warn(check.__name__.strip("_").replace("_", "-"), f"This can't be looked at: {reason(error)}."))
    return found


def _kernel_features(host: Host) -> Iterator[Finding]:
    if os.geteuid() != 0:
        yield fail("root", "The doctor doesn't run as root, so most of the host can't be seen.", "Run it as root.")
        return
    try:
        owns = _tried()
    except _NotTried as error:
        yield warn("kernel", f"What the kernel can do can't be tried here: {error}.", "The agent's log will tell.")
        return
    except (OSError, AgentError) as error:
        yield fail(
            "kernel",
            f"The kernel refuses a ruleset of ringwall's: {error}.",
            "It needs Linux 5.15 or newer with nf_tables, nft_ct, nft_counter and nf_conntrack.",
        )
        return
    yield ok("kernel", "The kernel takes a ruleset with all that ringwall uses.")
    yield ownership(owns)


def ownership(owns: bool) -> Finding:
    """What a foreign flush does here. owns: whether the kernel has tables that are their agent's alone."""
    if owns:
        return ok(
            "ownership",
            "While the agent lives nobody else can change or flush its table. "
            "While it is dead `nft flush ruleset` opens the host, until it is started again.",
        )
    return warn(
        "ownership",
        "This kernel has no owned tables: `nft flush ruleset` opens the host for up to a second while the agent "
        "lives, and until it is started again while it is dead.",
        "Linux 6.9 has them.",
    )


class _NotTried(Exception):
    """There is no namespace to try in."""


def _tried() -> bool:
    """Whether the kernel has owned tables, after it took a sample of all there is in a namespace of its own.

    The thread ends with its namespace.
    """
    outcome: list[bool | BaseException] = []

    def attempt() -> None:
        try:
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.unshare(_CLONE_NEWNET) != 0:
                raise _NotTried(f"no network namespace can be made ({os.strerror(ctypes.get_errno())})")
            with Kernel() as kernel:
                kernel.apply(
                    None, compile_host(_sample(), LocalPolicy(break_glass=frozenset({"192.0.2.0/24"}))).ruleset
                )
                outcome.append(kernel.owns)
        except BaseException as error:
            outcome.append(error)

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    (result,) = outcome
    if isinstance(result, BaseException):
        raise result
    return result


def _sample() -> HostState:
    """A host that uses everything: ports, ranges, ICMP, numbers, groups, lists, both families, a container."""
    traffics = (
        Traffic("tcp", 22, 22),
        Traffic("udp", 1000, 9000),
        Traffic("icmp", 8, -1),
        Traffic("icmpv6", 128, -1),
        Traffic("47"),
        Traffic("-1"),
    )
    peers = (
        Peer(PeerKind.CIDR_IPV4, "10.0.0.0/8"),
        Peer(PeerKind.CIDR_IPV6, "fd00::/8"),
        Peer(PeerKind.GROUP, "sg-2"),
        Peer(PeerKind.PREFIX_LIST, "pl-1"),
    )
    every = [(direction, traffic, peer) for direction in Direction for traffic in traffics for peer in peers]
    rules = {f"sgr-{n}": SecurityGroupRule(f"sgr-{n}", "sg-1", *each) for n, each in enumerate(every)}
    return HostState(
        "i-0",
        Mode.ENFORCE,
        interfaces={
            "eni-1": HostInterface("eni-1", "up0", ("10.0.0.5", "fd00::5"), ("sg-1",)),
            "eni-2": HostInterface("eni-2", "vc0", ("10.0.1.5",), ("sg-1",), InterfaceKind.ROUTED, source_check=True),
        },
        groups={"sg-1": HostGroup("sg-1", "web", rules)},
        members={"sg-2": frozenset({"10.0.0.9", "fd00::9"})},
        prefix_lists={"pl-1": frozenset({"192.0.2.0/24", "fd01::/64"})},
    )


def _tracking(host: Host) -> Iterator[Finding]:
    room = read_room()
    if room is None:
        yield ok("conntrack", "Connection tracking isn't active yet; it begins with the rules.")
    elif room.is_full:
        yield fail("conntrack", room.sentence, "Raise net.netfilter.nf_conntrack_max.")
    elif room.is_filling:
        yield warn("conntrack", room.sentence, "Raise net.netfilter.nf_conntrack_max before it is full.")
    else:
        yield ok("conntrack", room.sentence)


def _tracking_settings(host: Host) -> Iterator[Finding]:
    loose = _number("netfilter/nf_conntrack_tcp_loose")
    if loose is not None:
        yield ok(
            "tcp-loose",
            f"nf_conntrack_tcp_loose is {loose}; either way no TCP connection is picked up in mid-stream by the rules.",
        )
    if _number("netfilter/nf_conntrack_tcp_be_liberal"):
        yield warn(
            "tcp-be-liberal",
            "nf_conntrack_tcp_be_liberal is on: packets outside a connection's window count as the connection's.",
            "Turn it off unless something on the way needs it.",
        )


def _reverse_path(host: Host) -> Iterator[Finding]:
    everywhere = _number("ipv4/conf/all/rp_filter") or 0
    devices = _own_devices(host) or {item.device for item in host.interfaces}
    open_ = sorted(d for d in devices if not max(everywhere, _number(f"ipv4/conf/{d}/rp_filter") or 0))
    if open_:
        yield warn(
            "rp-filter",
            f"rp_filter is off on {_named(open_)}: packets may come with sources that aren't reached through it.",
            "Set net.ipv4.conf.all.rp_filter to 1, or to 2 where routes are asymmetric.",
        )
    else:
        yield ok(
            "rp-filter", "The kernel checks that IPv4 sources are reached through the interface that they come by."
        )


def _bridges(host: Host) -> Iterator[Finding]:
    called = [name for name in ("iptables", "ip6tables") if _number(f"bridge/bridge-nf-call-{name}")]
    if called:
        yield warn(
            "br-netfilter",
            "br_netfilter passes bridged packets through the hooks of routed ones: frames between a bridge's ports are "
            "judged as if they were forwarded by the host.",
            f"Unless something needs it: {', '.join(f'sysctl net.bridge.bridge-nf-call-{each}=0' for each in called)}.",
        )
    else:
        yield ok("br-netfilter", "Bridged packets don't pass the hooks of routed ones.")


def _others(host: Host) -> Iterator[Finding]:
    others = read_others(tuple(item.device for item in host.interfaces))
    for who, found in others.known.items():
        yield warn("others", f"{who} is at work here ({found}).", _advice(who))
    yield from _foreign_chains(others)
    if others.untracking:
        yield warn(
            "notrack",
            f"Rules in {_named(others.untracking)} keep packets from connection tracking; ringwall drops such packets.",
            "Remove these rules, or name the device as --unmanaged.",
        )
    if others.offloading:
        yield warn(
            "flow-offload",
            f"Flows in {_named(others.offloading)} pass by the forward hook: a revoke doesn't end them.",
            "Remove the flowtable where ringwall should filter what the host forwards.",
        )
    if others.marking:
        yield ok("ct-mark", f"{_named(others.marking)} use the mark of flows; ringwall neither reads nor writes it.")
    if others.legacy:
        yield warn(
            "iptables-legacy",
            f"The old iptables has tables in use ({_named(others.legacy)}); what they drop can't be seen here.",
            "`iptables-legacy-save` shows it; move it to iptables-nft.",
        )
    if not others.whole:
        yield warn(
            "others", "There are more foreign rules than were looked at; some of what they do may be missing here."
        )


def _foreign_chains(others: Others) -> Iterator[Finding]:
    closed = [each.sentence for each in others.chains if each.policy == "drop"]
    if closed:
        yield warn(
            "foreign-policy",
            f"Others drop by default: {_named(closed)}. A packet must pass there too, whatever ringwall admits.",
            "Admit in both, or leave the filtering to one of the two.",
        )
    rest = [each.sentence for each in others.chains if each.policy != "drop"]
    if rest:
        yield ok("foreign-chains", f"At the same hooks there are {_named(rest)}; what they drop, ringwall can't admit.")
    if not others.chains:
        yield ok("foreign-chains", "Nobody else has a chain at the hooks that ringwall uses.")


def _advice(who: str) -> str:
    if who in ("Docker", "Podman", "libvirt", "Kubernetes' proxy", "Calico", "Cilium"):
        return (
            "Its devices are closed for the host's own traffic once ringwall enforces, unless they are named as "
            "--unmanaged; what it forwards, ringwall judges only for interfaces that are enrolled."
        )
    return (
        "A packet must pass both; ringwall never edits its rules. A reload of it that flushes everything is put right."
    )


def _devices(host: Host) -> Iterator[Finding]:
    enrolled = _own_devices(host)
    if not enrolled:
        return
    for sentence in missing_sentences(enrolled, host.interfaces):
        yield fail("interfaces", sentence, "Was it renamed? Enrol the host again with the name it has now.")
    if both := sorted(enrolled & host.local.unmanaged):
        yield warn(
            "interfaces",
            f"{_named(both)} {'is' if len(both) == 1 else 'are'} enrolled, and unmanaged: the rules hold all the same.",
            "Leave it out of --unmanaged, or detach the interface at the server.",
        )
    known = host.local.unmanaged | host.bound.endpoints
    loose = sorted(item.device for item in host.interfaces if item.device not in enrolled | known)
    if loose:
        enforcing = host.state is not None and host.state.mode is Mode.ENFORCE
        yield warn(
            "interfaces",
            f"{_named(loose)} {'is' if len(loose) == 1 else 'are'} neither enrolled nor unmanaged: "
            f"{'closed now' if enforcing else 'closed once the host enforces'}.",
            "Name those that should stay open with --unmanaged.",
        )
    else:
        yield ok("interfaces", "Every interface is enrolled, or named as unmanaged.")


def _moves(host: Host) -> Iterator[Finding]:
    if host.state is not None:
        for sentence in Moves().sentences(host.state.interfaces.values(), host.interfaces):
            yield fail("addresses", sentence, "Put it back, or start the agent, which tells the server.")


def _containers(host: Host) -> Iterator[Finding]:
    if host.state is None:
        return
    bound = host.bound
    for sentence in bound.problems:
        yield fail("attachments", sentence, "See `ringwall agent attach`, and AttachNetworkInterface.")
    there = {item.device: item for item in host.interfaces}
    for device, interface_id in bound.carried.items():
        yield from _container(there.get(device), device, bound.state.interfaces[interface_id])
    for interface in bound.state.interfaces.values():
        if interface.is_unbound:
            yield warn(
                "attachments",
                f"{interface.interface_id} is attached to this host and no device here is told to be it: its addresses "
                "are kept for it.",
                f"`ringwall agent attach DEV {interface.interface_id}`, or detach it.",
            )
    if bound.carried:
        pairs = [f"{device} is {interface_id}" for device, interface_id in bound.carried.items()]
        yield ok("attachments", f"Containers: {_named(pairs)}.")


def _container(found: DeviceAddresses | None, device: str, interface: HostInterface) -> Iterator[Finding]:
    if found is None:
        yield warn(
            "attachments",
            f"There is no device {device}, which was told to be {interface.interface_id}; its rules wait for it.",
            f"If it is gone for good: `ringwall agent detach {device}`.",
        )
        return
    addresses = [address.partition("/")[0] for address in found.addresses if not _is_link_local(address)]
    if foreign := sorted(set(addresses) - set(interface.addresses)):
        yield warn(
            "attachments",
            f"The host has {_named(foreign)} on {device}, which is no address of {interface.interface_id}: what it "
            "says from there isn't from a member of its own groups.",
            "Give its route to the container the source (`src`) of an address of the host's own interface.",
        )


def _is_link_local(address: str) -> bool:
    return ipaddress.ip_interface(address).is_link_local


def _own_devices(host: Host) -> set[str]:
    if host.state is not None:
        return {each.device for each in host.state.interfaces.values() if each.kind is InterfaceKind.HOST}
    return {host.identity.device} if host.identity else set()


def _agent_directory(host: Host) -> Iterator[Finding]:
    if not host.data.is_dir():
        yield warn("directory", f"{host.data} isn't there: no host was enrolled here.", "Enrol it, or give --data.")
        return
    if not os.access(host.data, os.R_OK | os.X_OK):  # nothing is lost: somebody who isn't root can't look
        yield warn("directory", f"{host.data} isn't this user's to read.", "Run the doctor as root.")
        return
    try:
        identity = host.directory.identity()
    except ConfigurationError as error:
        yield fail("directory", str(error))
        return
    if host.data.stat().st_mode & 0o077:
        yield warn("directory", f"{host.data} is open to other users.", f"chmod 700 {host.data}")
    room = os.statvfs(host.data)
    if not os.access(host.data, os.W_OK) or room.f_flag & os.ST_RDONLY:
        yield fail(
            "directory", f"{host.data} can't be written: the agent doesn't start, and nothing is kept for a boot."
        )
    elif (free := room.f_bavail * room.f_frsize) < FREE_BYTES_MIN:
        yield warn(
            "directory", f"{host.data} has only {free >> 20} MB free: a new state may find no room.", "Make room."
        )
    if identity is None:
        yield warn("directory", f"{host.data} knows no host.", "Enrol it with `ringwall agent --token-file`.")
    else:
        yield ok("directory", f"This host is {identity.instance_id}, its interface {identity.device}.")


def _released(host: Host) -> Iterator[Finding]:
    released = read_marker(host.data)
    if released is not None:
        yield warn("released", released.sentence)


def _rolled_back(host: Host) -> Iterator[Finding]:
    if rolled_back(host.data) is not None:
        yield warn(
            "rolled-back",
            "A start of enforcement, or a change of the host's own interfaces, cost the host its server: it was undone "
            "and isn't tried again.",
            "Once the server can be reached with it: `ringwall agent resume`, or observe and enforce again.",
        )


def _last_state(host: Host) -> Iterator[Finding]:
    if (host.identity is None and not host.data.is_dir()) or not os.access(host.data, os.R_OK | os.X_OK):
        return
    planned = plan(host.directory, host.identity.store_id if host.identity else None)
    if planned.start is Start.STATE:
        yield ok("last-state", f"A boot starts with {planned.why}.")
    elif planned.start is Start.NOTHING:
        yield ok("last-state", f"A boot starts open: {planned.why}.")
    elif lock_holders(host.data):
        yield fail(
            "last-state", f"{planned.why} A boot would start closed.", "The agent writes it anew with the next change."
        )
    else:
        yield fail(
            "last-state", f"{planned.why} A boot would start closed.", "Start the agent; the server tells it anew."
        )
    if host.identity is not None and not host.local.break_glass:
        yield warn(
            "break-glass",
            "No address breaks the glass: what no rule admits has no way in, also when the server is gone.",
            "Name the addresses of your administrators with --break-glass.",
        )
    if wide := sorted(cidr for cidr in host.local.break_glass if cidr.endswith("/0")):
        yield warn("break-glass", f"{_named(wide)} breaks the glass: everybody reaches everything on this host.")


def _running(host: Host) -> Iterator[Finding]:
    if host.identity is None:
        return
    running = lock_holders(host.data)
    if running:
        yield ok("agent", f"The agent runs, pid {running[0]}.")
    else:
        yield warn(
            "agent",
            "No agent runs: the kernel keeps what it has, changes don't arrive, and a foreign flush would stay.",
            "systemctl start ringwall-agent",
        )


def _table(host: Host) -> Iterator[Finding]:
    if os.geteuid() != 0 or host.state is None or read_marker(host.data) is not None:
        return
    with Kernel() as kernel:
        if kernel.observe() is None:
            judged = fail if host.state.mode is Mode.ENFORCE else warn
            yield judged(
                "table",
                f"There is no table {FAMILY} {TABLE}: the host is open.",
                "Start the agent; it puts the table back.",
            )
        else:
            yield ok("table", f"The kernel has table {FAMILY} {TABLE}; the host's last state says {host.state.mode}.")


def _server(host: Host) -> Iterator[Finding]:
    if not host.server:
        yield warn("server", "Which server it is wasn't said, so it wasn't asked.", "Give --server URL.")
        return
    url = parse_server_url(host.server, insecure_http=True)
    known = host.identity
    server = Server(
        url,
        known.certificate_sha256 if known else None,
        known.endpoints if known else frozenset(),
        client_certificate=host.directory.certificate,
    )
    if known is not None:
        server.next_certificate_sha256 = known.next_certificate_sha256
    before = time.time()
    try:
        asyncio.run(_ask(server))
    except ServerRefused as refused:
        yield warn("server", f"{url.authority} answers, but not as a ringwall server does: {refused}.")
        return
    except AgentError as error:
        yield fail("server", f"The server isn't reached: {error}.", "What is in force stays; changes don't arrive.")
        return
    yield ok("server", f"{url.authority} answers.")
    if known is not None:
        yield from _knows(server, known)
    if server.said_time is not None:
        yield from clock((before + time.time()) / 2 - server.said_time)


def _knows(server: Server, known: Identity) -> Iterator[Finding]:
    """Whether the server knows this host: it is told of no interface, which changes nothing there."""
    try:
        asyncio.run(server.post(ADDRESSES_PATH, b'{"interfaces": []}', known.key))
    except ServerRefused as refused:
        removed = refused.status in (401, 403)
        yield fail(
            "host",
            f"The server doesn't accept this host's key ({refused.code})."
            if removed
            else f"The server says: {refused}.",
            "Was the host removed there, or is a clock wrong? A removed host keeps what is in force: enrol it again, "
            "with a new --data, or `ringwall agent release` it."
            if removed
            else "",
        )
    except AgentError as error:
        yield warn("host", f"Whether the server knows this host can't be asked: {error}.")
    else:
        yield ok("host", f"The server knows {known.instance_id}.")


async def _ask(server: Server) -> None:
    await server.locate()
    async with server.exchange("GET", HEALTH_PATH, "", {}, b"", None) as chunks:
        async for _ in chunks:
            pass


def clock(ahead_seconds: float) -> Iterator[Finding]:
    """How far this host's clock is from the server's; signatures tell their time."""
    apart = (
        f"This host's clock is {abs(ahead_seconds):.0f} s {'ahead of' if ahead_seconds > 0 else 'behind'} the server's."
    )
    if abs(ahead_seconds) >= _CLOCK_SECONDS_REFUSED:
        yield fail("clock", f"{apart} The server refuses what is signed so.", "Set the clock; use NTP.")
    elif abs(ahead_seconds) > CLOCK_SECONDS_MAX:
        yield warn("clock", apart, "Use NTP.")
    else:
        yield ok("clock", "This host's clock agrees with the server's.")


def _number(name: str) -> int | None:
    try:
        return int((_SYSCTL / name).read_text())
    except (OSError, ValueError):
        return None


def _named(names: list[str] | tuple[str, ...]) -> str:
    """The names, and how many more there are. Whoever gave them must not write on the operator's screen."""
    shown = ["".join(c if c.isprintable() else "?" for c in name) for name in names[:NAMED_MAX]]
    return ", ".join(shown) + (f" and {len(names) - NAMED_MAX} more" if len(names) > NAMED_MAX else "")


_BESIDE: Final = (_others, _devices)
_ALL: Final = (
    _kernel_features,
    _tracking,
    _tracking_settings,
    _reverse_path,
    _bridges,
    _others,
    _devices,
    _moves,
    _containers,
    _agent_directory,
    _released,
    _rolled_back,
    _last_state,
    _running,
    _table,
    _server,
)
