"""The audit log is written to and read, never changed; its heads know what was exported of them."""

from __future__ import annotations

from alembic import op

from realty.db.migrations.shorthand import on_postgres

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Refuse UPDATE, DELETE and TRUNCATE of `audit_log`; add `audit_heads.exported_count`."""
    op.execute(
        "ALTER TABLE audit_heads ADD COLUMN exported_count INTEGER NOT NULL DEFAULT 0"
        " CONSTRAINT ck_audit_heads__exported_count CHECK (exported_count >= 0)"
    )
    if on_postgres():
        _guard_postgres()
    else:
        _guard_sqlite()


def _guard_postgres() -> None:
    op.execute(
        "CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION 'audit_log is only appended to' USING ERRCODE = 'restrict_violation';"
        " END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_log_keeps_rows BEFORE UPDATE OR DELETE ON audit_log"
        " FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()"
    )
    op.execute(
        "CREATE TRIGGER audit_log_keeps_all BEFORE TRUNCATE ON audit_log"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()"
    )


def _guard_sqlite() -> None:
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_log_refuses_{verb.lower()} BEFORE {verb} ON audit_log"
            " BEGIN SELECT RAISE(ABORT, 'audit_log is only appended to'); END"
        )
