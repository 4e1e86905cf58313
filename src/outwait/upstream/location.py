"""Where a provider's endpoints are, from what a channel says of it: host, TLS, and the path and query of each way.

A base URL may be given as its provider's own SDK wants it or as OpenAI's does (with the version in it); a bare host
means the provider's usual root; any other path is kept; one that already ends with the path of an endpoint has it taken
off first. What cannot be used is an `InvalidAddress` that names the channel.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from outwait.core.catalog import Channel
from outwait.dialects.provider import Provider, Way
from outwait.wire.endpoint import Endpoint, refusal

MODEL = "{model}"
_PORTS = {"http": 80, "https": 443}
_VERSION = re.compile(r"/v[0-9][0-9a-z]*$")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# The hosts of cloud providers name their region.
_REGION = re.compile(
    r"^bedrock-runtime(?:-fips)?\.([a-z0-9-]+)\.|^([a-z0-9-]+)-aiplatform\.|\.([a-z]+)\.rep\.googleapis"
)


class InvalidAddress(ValueError):  # noqa: N818 - it names what is wrong, and is shown as such
    """A channel cannot be addressed; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Location:
    """A provider as one channel has it. `path`: that its ways stand below. `prefix`: that its rooted ways stand below.
    `query`: of the base URL, added to each. `names`: what `{region}` and its kind stand for."""

    where: str
    endpoint: Endpoint
    authority: str
    path: str
    prefix: str
    query: str
    names: dict[str, str]

    @property
    def origin(self) -> str:
        """Scheme and authority."""
        return f"{'https' if self.endpoint.tls else 'http'}://{self.authority}"

    def target(self, way: Way, *, streamed: bool) -> str:
        """Path and query of `way`, with `{model}` still in it if it has one. Raises InvalidAddress."""
        path = way.streamed if streamed and way.streamed else way.path
        version = self.names.get("api_version", "")
        if way.dated and _DATE.match(version):
            path = self.prefix + way.dated
        elif way.dated and version:
            path = f"{self.path}{path}?api-version={version}"
        else:
            path = (self.prefix if way.rooted else self.path) + path
        for name in re.findall(r"\{([a-z_]+)\}", path):
            if name != "model":
                if name not in self.names:
                    raise InvalidAddress(f"{self.where}needs `{name}`")
                path = path.replace(f"{{{name}}}", self.names[name])
        path, _, query = path.partition("?")
        query = "&".join(filter(None, (query, self.query)))
        return _ascii(f"{path}?{query}" if query else path)


def locate(channel: Channel, provider: Provider) -> Location:
    """Where `provider` is for `channel`. Raises InvalidAddress."""
    where = f"channel {channel.name!r}: "
    base_url = channel.base_url.strip() or _default(channel, provider, where)
    try:
        parts = urlsplit(base_url)
        port = parts.port
    except ValueError as error:
        raise InvalidAddress(f"{where}base_url {base_url!r} is not a URL: {error}") from None
    wrong = _wrong(parts, port)
    if wrong is not None:
        raise InvalidAddress(f"{where}base_url {_shown(parts)!r} {wrong}")
    host = _ascii_host(parts.hostname or "", where)
    tls = parts.scheme == "https"
    path = _path(parts.path.rstrip("/"), provider)
    return Location(
        where=where,
        endpoint=Endpoint(
            host=host,
            port=port or _PORTS[parts.scheme],
            tls=tls,
            ca_file=channel.ca_file if tls else None,
            verify=channel.verify_tls if tls else True,
        ),
        authority=_authority(host, port, parts.scheme),
        path=path,
        prefix=_prefix(path, provider),
        query=parts.query,
        names=_names(channel, provider, host, where),
    )


def _default(channel: Channel, provider: Provider, where: str) -> str:
    """The provider's own base URL."""
    region = channel.region or ("global" if "global" in provider.regions else None)
    if region is not None and region in provider.regions:
        return provider.regions[region]
    if provider.base_url is None:
        raise InvalidAddress(f"{where}needs `base_url`: {provider.name} has none that is everybody's")
    if "{region}" not in provider.base_url:
        return provider.base_url
    if region is None:
        raise InvalidAddress(f"{where}needs `region` or `base_url`")
    return provider.base_url.replace("{region}", region)


def _names(channel: Channel, provider: Provider, host: str, where: str) -> dict[str, str]:
    found = _REGION.search(host)
    told = next(filter(None, found.groups()), None) if found else None
    region = channel.region or told or ("global" if "global" in provider.regions else None)
    project = channel.project
    if project is None and channel.credentials_file is not None:
        project = _project_of(channel.credentials_file, where)
    named = {"region": region, "project": project, "api_version": channel.api_version}
    for name, value in named.items():
        if value is not None and not re.fullmatch(r"[A-Za-z0-9._:-]+", value):
            raise InvalidAddress(f"{where}`{name}` is not a name such as it has there")
    return {name: value for name, value in named.items() if value is not None}


def _project_of(file: str, where: str) -> str | None:
    """The project that a service account belongs to."""
    try:
        project = json.loads(Path(file).read_bytes()).get("project_id")
    except (OSError, ValueError, AttributeError) as error:
        raise InvalidAddress(f"{where}credentials_file {file!r} cannot be read: {error}") from None
    return project if isinstance(project, str) else None


def _path(path: str, provider: Provider) -> str:
    """What the provider's ways stand below, for a base URL with this path."""
    for tail in _tails(provider):
        if path.endswith(tail):
            path = path.removesuffix(tail)
            return path if path or tail in {way.path for way in provider.ways.values()} else provider.root
    if not path:
        return provider.root
    if provider.versioned and _VERSION.search(path) is None:
        return path + provider.root
    return path


def _tails(provider: Provider) -> list[str]:
    """Ends of a base URL that belong to one endpoint, longest first: whole paths, and the folders that some have."""
    tails = set()
    for way in provider.ways.values():
        if MODEL in way.path or "{" in way.path:
            continue
        tails.add(way.path)
        if way.rooted or way.credential:  # such as /anthropic/v1 and /openai, the base URLs of other SDKs
            steps = way.path.strip("/").split("/")
            tails.update("/" + "/".join(steps[:count]) for count in range(1, len(steps)))
    return sorted(tails - {provider.root, urlsplit(provider.base_url or "").path}, key=len, reverse=True)


def _prefix(path: str, provider: Provider) -> str:
    """What stands before the provider's root: nothing, or the path of a proxy."""
    roots = {"/v1"}
    for root in (provider.root, urlsplit(provider.base_url or "").path):
        steps = root.strip("/").split("/")
        roots.update("/" + "/".join(steps[:count]) for count in range(1, len(steps) + 1))
    roots.discard("/")
    for root in sorted(roots, key=len, reverse=True):
        if path.endswith(root):
            return path.removesuffix(root)
    return path


def _wrong(parts: SplitResult, port: int | None) -> str | None:
    if parts.scheme not in _PORTS:
        return "must begin with https:// or http://"
    if not parts.hostname:
        return "names no host"
    if parts.username is not None or parts.password is not None:
        return "holds credentials; put them in api_key"
    if parts.fragment:
        return "has a #fragment, which is never sent"
    if port == 0:
        return "has port 0"
    if not (parts.path + parts.query).isprintable() or " " in parts.path + parts.query:
        return "has a blank or a control character in its path"
    return None


def _shown(parts: SplitResult) -> str:
    """The URL for an error message, without credentials."""
    netloc = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=netloc, query="").geturl()


def _ascii_host(host: str, where: str) -> str:
    if ":" in host or host.replace(".", "").isdigit():
        try:
            refused = refusal(host)
        except ValueError:
            raise InvalidAddress(f"{where}{host!r} is not an IP address") from None
        if refused is not None:
            raise InvalidAddress(f"{where}{host} is a {refused}; upstreams there are refused")
        return host
    try:
        name = host.encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise InvalidAddress(f"{where}{host!r} is not a host name: {error}") from None
    if not re.fullmatch(r"[a-z0-9_.-]+", name):
        raise InvalidAddress(f"{where}{host!r} is not a host name")
    return name


def _authority(host: str, port: int | None, scheme: str) -> str:
    shown = f"[{host}]" if ":" in host else host
    return shown if port is None or port == _PORTS[scheme] else f"{shown}:{port}"


def _ascii(text: str) -> str:
    return "".join(char if char.isascii() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode())
