"""A whole agent, in a process made to be killed: `python agent_storm.py DIRECTORY PORT` in the host's namespace.

For each line on its standard input it starts a child, which is an agent of the server at that port of 127.0.0.1, with
its own kernel socket and the directory that the children before it had, and says the child's process id. It says `dead`
when the child is.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import sys
from pathlib import Path

from one_agent import AT_REST, IDENTITY
from ringwall.agent.directory import AgentDirectory
from ringwall.agent.effects import Effects
from ringwall.agent.kernel import Kernel
from ringwall.agent.loop import Agent
from ringwall.agent.server import Server, ServerUrl
from ringwall.domain.local import ControlEndpoint

LIFE_SECONDS = 60  # should nobody come to kill it


async def _agent(path: Path, port: int) -> None:
    effects = Effects(read_interfaces=AT_REST.read_interfaces, delays=lambda: itertools.repeat(0.01))
    with Kernel() as kernel:
        server = Server(ServerUrl("http", "127.0.0.1", port), None, frozenset((ControlEndpoint("127.0.0.1", port),)))
        await Agent(IDENTITY, server, kernel, AgentDirectory(path), effects=effects).run()


def _main(path: Path, port: int) -> None:
    signal.alarm(LIFE_SECONDS)
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            signal.alarm(LIFE_SECONDS)
            asyncio.run(_agent(path, port))
        print(child, flush=True)
        os.waitpid(child, 0)
        print("dead", flush=True)


if __name__ == "__main__":
    _main(Path(sys.argv[1]), int(sys.argv[2]))
