"""A real ringwall server for tests: a process of its own on loopback, spoken to by whatever the test likes."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import boto3
from botocore.config import Config

from ringwall.sigv4.sign import sign

ROOT = Path(__file__).resolve().parent.parent
RINGWALL = Path(sys.executable).parent / "ringwall"
AWS = ROOT / ".venvs/awscli/bin/aws"
KEY_ID, SECRET = "AKIATESTTESTTESTTEST", "a/secret+for=tests"
READY_SECONDS = 20


@dataclass
class Server:
    """A running server. errors: what it wrote on standard error so far, by line.

    ca: the certificate that vouches for it, with TLS. printed: its ready line.
    """

    process: subprocess.Popen[str]
    url: str
    errors: list[str] = field(default_factory=list)
    ca: Path | None = None
    printed: str = ""

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    @property
    def environment(self) -> dict[str, str]:
        """What `ringwall env` prints, beside what a program needs to run; nothing of the user's own AWS settings."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": "/nonexistent",
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL_EC2": self.url,
            "AWS_ENDPOINT_URL_STS": self.url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
        } | ({"AWS_CA_BUNDLE": str(self.ca)} if self.ca else {})

    def client(self, service: str = "ec2", region: str = "us-east-1", **settings: Any) -> Any:
        """A boto3 client that doesn't retry."""
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id=settings.pop("key_id", KEY_ID),
            aws_secret_access_key=settings.pop("secret", SECRET),
            verify=str(self.ca) if self.ca else None,
            config=Config(retries={"total_max_attempts": 1}, **settings),
        )

    def aws(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The real aws CLI, by its environment alone."""
        return subprocess.run(
            [str(AWS), *arguments], capture_output=True, text=True, timeout=60, env=self.environment, check=False
        )

    def call(self, parameters: dict[str, str] | list[tuple[str, str]] | str | bytes, **changes: Any) -> Answer:
        """One signed POST of these parameters; a string, or bytes, are sent as they stand."""
        body = parameters if isinstance(parameters, str | bytes) else urlencode(parameters)
        content = body.encode() if isinstance(body, str) else body
        headers = sign(
            "POST", f"127.0.0.1:{self.port}", "/", "", {"content-type": "application/x-www-form-urlencoded"}, content,
            changes.get("key_id", KEY_ID), changes.get("secret", SECRET), changes.get("region", "us-east-1"),
            changes.get("service", "ec2"), changes.get("now", time.time()),
        )  # fmt: skip
        return self.send("POST", "/", headers, content)

    def api(self, method: str, path: str, content: Any = None, **changes: Any) -> Answer:
        """One signed call of /ringwall/v1; the path may have a query."""
        body = b"" if content is None else json.dumps(content).encode()
        where, _, query = path.partition("?")
        headers = sign(
            method, f"127.0.0.1:{self.port}", where, query, {"content-type": "application/json"}, body,
            changes.get("key_id", KEY_ID), changes.get("secret", SECRET), changes.get("region", "us-east-1"),
            changes.get("service", "ringwall"), time.time(),
        )  # fmt: skip
        return self.send(method, path, headers, body)

    def send(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> Answer:
        """One request as it stands."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        if self.ca:
            context = ssl.create_default_context(cafile=self.ca)
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=20, context=context)
        try:
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def says(self, words: str) -> bool:
        """Whether a line on standard error has these words; waits for it, as the line comes by another way."""
        deadline = time.monotonic() + READY_SECONDS
        while not any(words in line for line in self.errors):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.005)
        return True

    def stop(self) -> int:
        """Ends it in an orderly way; its exit status."""
        self.process.terminate()
        return self.process.wait(20)

    def kill(self) -> None:
        """Ends it at once."""
        self.process.kill()
        self.process.wait(20)


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str | None:
        """The code of an EC2 error."""
        found = re.search("<Code>([^<]*)</Code>", self.text)
        return found.group(1) if found else None

    @property
    def message(self) -> str | None:
        """The text of an EC2 error, its entities resolved."""
        found = re.search("<Message>([^<]*)</Message>", self.text)
        if found is None:
            return None
        return found.group(1).replace("&quot;", '"').replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


@contextlib.contextmanager
def serving(
    *options: str, prefix: tuple[str, ...] = (), ca: Path | None = None, **environment: str
) -> Iterator[Server]:
    """A server from ready to stopped; ephemeral unless the options name a data directory.

    environment: variables beside those that fix the root key; an empty one counts as not set.
    """
    where = () if "--data" in options else ("--ephemeral",)
    settings = {
        **os.environ,
        "RINGWALL_ROOT_ACCESS_KEY_ID": KEY_ID,
        "RINGWALL_ROOT_SECRET_ACCESS_KEY": SECRET,
        **environment,
    }
    process = subprocess.Popen(
        [*prefix, str(RINGWALL), "serve", "--port", "0", *where, *options],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=settings,
    )  # fmt: skip
    assert process.stdout and process.stderr
    errors: list[str] = []
    reader = threading.Thread(target=lambda: errors.extend(process.stderr or ()), daemon=True)
    reader.start()
    watchdog = threading.Timer(READY_SECONDS, process.kill)
    watchdog.start()
    line = process.stdout.readline()
    watchdog.cancel()
    try:
        assert line.startswith("ringwall ready on "), f"no ready line: {line!r} {errors}"
        yield Server(process, line.split()[-1], errors, ca, line)
    finally:
        process.kill()
        process.wait(20)
        reader.join(5)
        process.stdout.close()
        process.stderr.close()
