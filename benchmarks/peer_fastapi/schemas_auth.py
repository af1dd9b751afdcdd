"""What the peer reads and answers at a login."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, Field

from benchmarks.peer_fastapi.schemas import Closed, FileRef, FromRow, Moment


class Credentials(Closed):
    """What somebody signs in with."""

    email: str = Field(max_length=254)
    password: str = Field(min_length=1, max_length=1000)


class UserOut(FromRow):
    """The caller's own account."""

    id: int
    email: str
    phone: str | None
    full_name: str
    user_type: str
    builder_id: int | None
    customer_id: int | None
    is_active: bool
    is_verified: bool
    last_login: Moment | None
    avatar_file: FileRef | None = None
    locale: str
    timezone: str
    created_at: Moment
    updated_at: Moment


class CustomerProfile(FromRow):
    """The caller's own profile."""

    id: int
    user_id: int
    email: str
    first_name: str
    last_name: str
    phone: str | None
    address: str | None
    date_of_birth: date | None
    occupation: str | None
    preferred_contact_method: str
    pan: str | None
    created_at: Moment
    updated_at: Moment


class LoginData(BaseModel):
    """An account with a pair of tokens."""

    user: UserOut
    profile: CustomerProfile | None
    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a kind of token
    expires_in: int
