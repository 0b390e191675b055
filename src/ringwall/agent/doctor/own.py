"""What is the agent's own: its directory, its last state, its process, its table."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final

from ringwall.config import ConfigurationError
from ringwall.domain.interface import Mode
from ringwall.nft.objects import FAMILY, TABLE

from .. import guard
from ..boot import Start, plan
from ..findings import Finding, fail, ok, warn
from ..kernel import Kernel
from ..release import lock_holders, read_marker
from .host import Host, named

FREE_BYTES_MIN: Final = 64 << 20


def agent_directory(host: Host) -> Iterator[Finding]:
    """The agent's directory: who it is, and whether it can be read and written."""
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


def released(host: Host) -> Iterator[Finding]:
    """Whether the host is released."""
    released = read_marker(host.data)
    if released is not None:
        yield warn("released", released.sentence)


def rolled_back(host: Host) -> Iterator[Finding]:
    """Whether a structural change was undone."""
    if guard.rolled_back(host.data) is not None:
        yield warn(
            "rolled-back",
            "A start of enforcement, or a change of the host's own interfaces, cost the host its server: it was undone "
            "and isn't tried again.",
            "Once the server can be reached with it: `ringwall agent resume`, or observe and enforce again.",
        )


def last_state(host: Host) -> Iterator[Finding]:
    """What a boot starts with, and which addresses break the glass."""
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
        yield warn("break-glass", f"{named(wide)} breaks the glass: everybody reaches everything on this host.")


def running(host: Host) -> Iterator[Finding]:
    """Whether the agent runs."""
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


def table(host: Host) -> Iterator[Finding]:
    """Whether the kernel has our table."""
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
