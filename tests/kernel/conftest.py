"""Sites of containers for the tests that attach interfaces."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from containers import Container, Site, site_in
from fleet import fleet_in


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A host that enforces, with an agent and a server; no container yet."""
    with fleet_in(tmp_path) as fleet, site_in(fleet) as made:
        yield made


@pytest.fixture
def running(site: Site) -> tuple[Site, Container]:
    """A container that the outside can open TCP connections to, on port 8080."""
    interface = site.interface()
    site.grant("ingress", site.group_id)
    assert "in force once there is such a device" in site.told("attach", "vc1", interface.interface_id)
    return site, site.container("vc1", interface)
