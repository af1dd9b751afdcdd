"""Users, files, builders, customers, and what they sign in with."""

from __future__ import annotations

from alembic import op

from realty.db.migrations.shorthand import (
    at_least,
    between,
    bigint,
    create_table,
    day,
    flag,
    index,
    integer,
    moment,
    numeric,
    on_postgres,
    one_of,
    ref,
    search_index,
    text,
    touched,
    unique_index,
)

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables of `realty.db.accounts`, and files, which users and builders point at."""
    if on_postgres():
        op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    _users_and_files()
    _profiles()
    _credentials()


def _users_and_files() -> None:
    # Users and files point at each other: SQLite takes the forward reference, PostgreSQL gets it
    # afterwards.
    avatar = "avatar_file_id"
    create_table(
        "users",
        text("email", unique=True),
        text("phone", nullable=True),
        text("full_name"),
        text("password_hash", nullable=True),
        text("user_type"),
        flag("is_active"),
        flag("is_verified"),
        moment("last_login", nullable=True),
        integer("failed_login_count"),
        moment("locked_until", nullable=True),
        integer("token_version"),
        integer(avatar, nullable=True) if on_postgres() else ref(avatar, "files", nullable=True),
        text("locale"),
        text("timezone"),
        *touched(),
        one_of("user_type", "builder customer admin"),
        *at_least(0, "failed_login_count", "token_version"),
    )
    unique_index("users_lower_email", "users", "lower(email)")
    search_index("users", "email")
    search_index("users", "full_name")
    create_table(
        "files",
        ref("owner_id", "users"),
        text("purpose"),
        text("filename"),
        text("content_type"),
        bigint("size"),
        text("sha256"),
        text("storage_key", unique=True),
        text("attached_to_type", nullable=True),
        integer("attached_to_id", nullable=True),
        moment("created_at"),
        *at_least(0, "size"),
    )
    index("files_attached", "files", "attached_to_type", "attached_to_id")
    if on_postgres():
        op.create_foreign_key(f"fk_users__{avatar}", "users", "files", [avatar], ["id"])
        op.create_index(f"idx_users__{avatar}", "users", [avatar])


def _profiles() -> None:
    create_table(
        "builders",
        ref("user_id", "users", unique=True),
        text("company_name"),
        text("license_number", unique=True),
        text("gstin", nullable=True),
        text("pan", nullable=True),
        text("rera_promoter_id", nullable=True),
        text("phone", nullable=True),
        text("address", nullable=True),
        text("website", nullable=True),
        text("description", nullable=True),
        ref("logo_file_id", "files", nullable=True),
        numeric("rating", 3),
        integer("review_count"),
        integer("total_projects"),
        flag("verified"),
        moment("verified_at", nullable=True),
        *touched(),
        between("rating", 0, 5),
        *at_least(0, "review_count", "total_projects"),
    )
    search_index("builders", "company_name")
    index("builders_newest", "builders", "created_at", "id")
    create_table(
        "customers",
        ref("user_id", "users", unique=True),
        text("first_name"),
        text("last_name"),
        text("phone", nullable=True),
        text("address", nullable=True),
        day("date_of_birth", nullable=True),
        text("occupation", nullable=True),
        text("preferred_contact_method"),
        text("pan", nullable=True),
        *touched(),
        one_of("preferred_contact_method", "email phone sms whatsapp"),
    )
    search_index("customers", "first_name")
    search_index("customers", "last_name")
    index("customers_newest", "customers", "created_at", "id")


def _credentials() -> None:
    create_table(
        "invitations",
        ref("builder_id", "builders"),
        text("email"),
        text("token_hash", unique=True),
        ref("customer_id", "customers", nullable=True),
        moment("expires_at"),
        moment("accepted_at", nullable=True),
        *touched(),
    )
    create_table(
        "sessions",
        ref("user_id", "users"),
        text("family", unique=True),
        text("token_hash"),
        text("previous_token_hash", nullable=True),
        moment("rotated_at", nullable=True),
        text("user_agent", nullable=True),
        text("ip", nullable=True),
        moment("created_at"),
        moment("last_used_at"),
        moment("expires_at"),
        moment("revoked_at", nullable=True),
    )
    create_table(
        "one_time_tokens",
        ref("user_id", "users"),
        text("purpose"),
        text("token_hash", unique=True),
        text("email", nullable=True),
        moment("expires_at", nullable=True),
        moment("used_at", nullable=True),
        moment("created_at"),
        one_of("purpose", "reset_password verify_email calendar"),
    )
