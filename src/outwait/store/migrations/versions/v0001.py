"""Exchanges, idempotency claims, kept results, responses, and the outbox of events."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the first tables. They are written out: a step must not change when `schema` does."""
    op.create_table(
        "facts",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.LargeBinary, nullable=False),
    )
    _exchanges()
    _claims()
    _results()
    _responses()
    _outbox()


def _exchanges() -> None:
    op.create_table(
        "exchanges",
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
    )
    op.create_index("exchanges_orphans", "exchanges", ["fingerprint", "orphan"])
    op.create_index("exchanges_boots", "exchanges", ["state", "boot"])
    op.create_index("exchanges_keys", "exchanges", ["key", "created"])
    op.create_index("exchanges_expiry", "exchanges", ["expires"])


def _claims() -> None:
    op.create_table(
        "claims",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("exchange", sa.Text, nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("expires", sa.Double, nullable=False),
    )
    op.create_index("claims_exchange", "claims", ["exchange"])
    op.create_index("claims_expiry", "claims", ["expires"])


def _results() -> None:
    op.create_table(
        "results",
        sa.Column("exchange", sa.Text, sa.ForeignKey("exchanges.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("head", sa.LargeBinary, nullable=False),
        sa.Column("partial", sa.Boolean, nullable=False),
        sa.Column("usage", sa.Text),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("created", sa.Double, nullable=False),
    )
    op.create_index("results_age", "results", ["created"])
    op.create_table(
        "chunks",
        sa.Column("body", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("exchange", sa.Text, sa.ForeignKey("exchanges.id", ondelete="CASCADE"), nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_index("chunks_exchange", "chunks", ["exchange"])


def _responses() -> None:
    op.create_table(
        "responses",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("exchange", sa.Text, nullable=False),
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
    )
    op.create_index("responses_exchange", "responses", ["exchange"])
    op.create_index("responses_expiry", "responses", ["expires"])
    op.create_index("responses_age", "responses", ["created"])


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("url", sa.LargeBinary, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("next", sa.Double),
        sa.Column("expires", sa.Double, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
    )
    op.create_index("outbox_due", "outbox", ["next"])
    op.create_index("outbox_expiry", "outbox", ["expires"])
