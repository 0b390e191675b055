"""What goes on with the trail beside the requests: it is shipped, its oldest events are dropped, its head is told."""

from __future__ import annotations

import asyncio
from typing import Final

from ringwall.config import ServerConfig
from ringwall.operations.trail import head_in_words
from ringwall.store.base import Store, Unavailable
from ringwall.telemetry import LOG

from .service import Service
from .trail_shipping import STOP_SECONDS, Cursor, Shipper, TrailFile, Webhook

DAY_SECONDS: Final = 86_400
HOUR_SECONDS: Final = 3_600.0
FILE_CURSOR: Final = "trail-file.cursor"
WEBHOOK_CURSOR: Final = "trail-webhook.cursor"


def shippers(config: ServerConfig, store: Store) -> list[Shipper]:
    """Those that the settings ask for.

    Raises:
        ConfigurationError: the file can't be written, or the URL is none.
    """
    found = []
    if config.trail_file is not None:
        file = TrailFile(config.trail_file)
        cursor = Cursor(config.data / FILE_CURSOR if config.data else None)
        # After a crash of the machine the file may have less than the cursor says; an empty one was moved away.
        cursor.number = file.last_number() or cursor.number
        found.append(Shipper(f"--trail-file {config.trail_file}", store, cursor, file))
    if config.trail_webhook is not None:
        webhook = Webhook(config.trail_webhook)
        cursor = Cursor(config.data / WEBHOOK_CURSOR if config.data else None)
        found.append(Shipper(webhook.name, store, cursor, webhook))
    return found


class TrailTasks:
    """The tasks of a running server."""

    def __init__(self, service: Service, ships: list[Shipper]) -> None:
        self._service = service
        self._ships = ships
        self._shipping: list[asyncio.Task[None]] = []
        self._keeping: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Starts them, on the running loop."""
        for ship in self._ships:
            self._service.trail.on_event(ship.wake)
            self._shipping.append(asyncio.create_task(ship.run()))
        self._keeping = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """Writes what waits, ships what can be shipped now, and ends them."""
        await self._service.trail.close()
        for ship in self._ships:
            ship.stop()
        if self._shipping:
            _, late = await asyncio.wait(self._shipping, timeout=STOP_SECONDS)
            for task in late:
                task.cancel()
        if self._keeping is not None:
            self._keeping.cancel()

    async def _keep(self) -> None:
        """Every hour: what is too old goes, and the head goes into the log, which others keep."""
        service, told = self._service, 0
        while True:
            try:
                if service.config.trail_keep_days is not None:
                    dropped = await service.trail.drop_before(
                        service.clock() - service.config.trail_keep_days * DAY_SECONDS
                    )
                    if dropped:
                        LOG.info("%d events of the trail were dropped because of their age", dropped)
                head = service.store.read(lambda reader: reader.trail_head())
                if head.number != told:
                    LOG.info("trail head %s", head_in_words(head))
                told = head.number
            except Unavailable as error:
                LOG.error("the trail can't be looked after: %s", error)
            await asyncio.sleep(HOUR_SECONDS)
