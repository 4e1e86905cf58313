"""The tables as they are now. How they came to be so is in `migrations`; a test holds the two together."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

HEAD: Final = "0001"  # the newest step of migrations/versions
VERSIONS: Final = "outwait_schema"  # the table that says which step a database has reached

metadata = sa.MetaData()

# Facts about the database itself, such as proofs of the keys it was written with.
facts = sa.Table(
    "facts",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.LargeBinary, nullable=False),
)

exchanges = sa.Table(
    "exchanges",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("worker", sa.Integer, nullable=False),
    sa.Column("boot", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("fingerprint", sa.LargeBinary, nullable=False),
    sa.Column("idempotency", sa.Text),
    sa.Column("dialect", sa.Text, nullable=False),
    sa.Column("endpoint", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("stream", sa.Boolean, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("created", sa.Double, nullable=False),
    sa.Column("updated", sa.Double, nullable=False),
    sa.Column("expires", sa.Double, nullable=False),
    sa.Column("on_disconnect", sa.Text, nullable=False),
    sa.Column("provider", sa.Text),
    sa.Column("orphan", sa.Double),
    sa.Column("story", sa.LargeBinary),
    sa.Index("exchanges_orphans", "fingerprint", "orphan"),
    sa.Index("exchanges_boots", "state", "boot"),
    sa.Index("exchanges_keys", "key", "created"),
    sa.Index("exchanges_expiry", "expires"),
)

claims = sa.Table(
    "claims",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("fingerprint", sa.LargeBinary, nullable=False),
    sa.Column("exchange", sa.Text, nullable=False),  # which the store may not know: a quick one is never remembered
    sa.Column("created", sa.Double, nullable=False),
    sa.Column("expires", sa.Double, nullable=False),
    sa.Index("claims_exchange", "exchange"),
    sa.Index("claims_expiry", "expires"),
)

results = sa.Table(
    "results",
    metadata,
    sa.Column("exchange", sa.Text, sa.ForeignKey("exchanges.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("body", sa.Text, nullable=False),  # names the chunks that are the body
    sa.Column("head", sa.LargeBinary, nullable=False),
    sa.Column("partial", sa.Boolean, nullable=False),
    sa.Column("usage", sa.Text),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("created", sa.Double, nullable=False),
    sa.Index("results_age", "created"),
)

# A body grows in several transactions; nobody sees what is beyond the size of its result, or without one.
chunks = sa.Table(
    "chunks",
    metadata,
    sa.Column("body", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("exchange", sa.Text, sa.ForeignKey("exchanges.id", ondelete="CASCADE"), nullable=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
    sa.Index("chunks_exchange", "exchange"),
)

responses = sa.Table(
    "responses",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("exchange", sa.Text, nullable=False),  # which is forgotten earlier
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("created", sa.Double, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("expires", sa.Double, nullable=False),
    sa.Column("request", sa.LargeBinary),
    sa.Column("input", sa.LargeBinary),
    sa.Column("output", sa.LargeBinary),
    sa.Column("previous", sa.Text),
    sa.Column("background", sa.Boolean, nullable=False),
    sa.Column("stream", sa.Boolean, nullable=False),
    sa.Column("handle", sa.Text),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("deleted", sa.Boolean, nullable=False),
    sa.Index("responses_exchange", "exchange"),
    sa.Index("responses_expiry", "expires"),
    sa.Index("responses_age", "created"),
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("url", sa.LargeBinary, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("payload", sa.LargeBinary, nullable=False),
    sa.Column("created", sa.Double, nullable=False),
    sa.Column("next", sa.Double),  # NULL: done
    sa.Column("expires", sa.Double, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Index("outbox_due", "next"),
    sa.Index("outbox_expiry", "expires"),
)
