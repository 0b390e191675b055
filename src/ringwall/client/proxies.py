"""Which proxy a URL is asked through: HTTP_PROXY, HTTPS_PROXY and NO_PROXY, as Python's urllib reads them."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def find_proxy(scheme: str, authority: str, environ: Mapping[str, str]) -> str | None:
    """The URL of the proxy for this scheme and authority; None where there is none, or where it is to be passed by.

    A name in lower case comes before that in upper case, and an empty one switches off. HTTP_PROXY isn't believed where
    a web server runs the program: there it is what a visitor sent as the header `Proxy`.
    """
    found = {name.lower()[:-6]: value for name, value in environ.items() if name.lower().endswith("_proxy") and value}
    if "REQUEST_METHOD" in environ:
        found.pop("http", None)
    for name, value in environ.items():
        if name.endswith("_proxy"):
            found.pop(name.lower()[:-6], None)
            if value:
                found[name.lower()[:-6]] = value
    proxy = found.get(scheme)
    if proxy is None or _is_passed_by(authority.lower(), found.get("no", "")):
        return None
    if proxy.startswith(("http:", "https:")):
        return proxy
    return f"http:{proxy}" if proxy.startswith("//") else f"http://{proxy}"


def _is_passed_by(authority: str, names: str) -> bool:
    if names == "*":
        return True
    host, colon, port = authority.rpartition(":")
    if not colon or (port and not port.isdigit()):
        host = authority
    for given in names.split(","):
        name = given.strip().lstrip(".").lower()
        if name and (name in (host, authority) or host.endswith(f".{name}") or authority.endswith(f".{name}")):
            return True
    return False
