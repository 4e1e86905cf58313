"""What would start, as plain data without secrets: for `serve --check`, `channels`, `keys`."""

from __future__ import annotations

from outwait.config.settings import Settings


def summary(settings: Settings) -> dict[str, object]:
    """File, address, channels, keys and rules of `settings`, ready for JSON."""
    server, timeouts = settings.server, settings.timeouts
    host = f"[{server.host}]" if ":" in server.host else server.host
    return {
        "file": settings.origin.file,
        "url": f"{'https' if server.tls else 'http'}://{host}:{server.port}",
        "workers": server.workers,
        "drain": server.drain,
        "cors": list(server.cors),
        "data_dir": settings.data_dir,
        "store": settings.store.place(),
        "keep_results": settings.keep_results.model_dump(),
        "channels": [
            {
                "name": channel.name,
                "dialect": channel.dialect,
                "base_url": channel.base_url,
                "credentials": len(channel.credentials()),
                "models": list(channel.models) or ["*"],
                "model_map": dict(channel.model_map),
                "priority": channel.priority,
                "weight": channel.weight,
                "timeouts": channel.timeouts.spans(),
                "max_in_flight": channel.max_in_flight,
            }
            for channel in settings.channels
        ],
        "keys": [
            {
                "name": key.name,
                "models": list(key.models),
                "timeouts": key.timeouts.spans(),
                "on_disconnect": key.on_disconnect,
                "keep_results": settings.keeps(key),
                "admin": key.admin,
            }
            for key in settings.keys
        ],
        "open_access": not settings.keys,
        "preset": timeouts.preset,
        "rules": len(timeouts.rules) + bool(timeouts.spans()),
        "fallback": {glob: list(models) for glob, models in settings.fallback.items()},
        "sticky": dict(settings.sticky),
        "heartbeat": settings.heartbeat.model_dump(exclude_none=True),
        "log": settings.log.model_dump(),
        "notes": list(settings.origin.notes),
    }
