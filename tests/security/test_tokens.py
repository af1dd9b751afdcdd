"""Access tokens: whatever is not exactly what was issued is nobody, and looks the same."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import jwt
import pytest

from realty.db import Session, User, utcnow
from realty.db.session import session
from realty.security import issue_access_token
from realty.settings import Settings
from tests.client import Answer, Api
from tests.deployment import INI, SETTINGS, deploy
from tests.factories import PASSWORD, Account, make_admin, make_customer
from tests.functional.auth.people import log_in
from tests.mailbox import mailed_token

KEY = SETTINGS.token_keys[0]
FOREIGN = "another-signing-key-that-is-long-enough-0123456789"
UNIFORM = {"code": "invalid_token", "details": []}

Forger = Callable[[dict[str, Any]], str]


def claims_of(token: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found


def signed(
    claims: dict[str, Any], *, key: str = KEY.secret, alg: str = "HS256", **header: Any
) -> str:
    """A token with these claims, by default signed as ours; a header that is None is left out."""
    headers = {"kid": KEY.kid, **header}
    headers = {name: value for name, value in headers.items() if value is not None}
    return raw({"alg": alg, "typ": "JWT", **headers}, claims, key, alg)


def raw(header: Any, claims: Any, key: str = KEY.secret, alg: str = "HS256") -> str:
    """A token of any parts, also of such as no library would make."""
    parts = [_encoded(part) for part in (header, claims)]
    digest = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}.get(alg)
    signature = (
        b"" if digest is None else hmac.digest(key.encode(), ".".join(parts).encode(), digest)
    )
    return ".".join([*parts, _text(signature)])


def _encoded(part: Any) -> str:
    return _text(part if isinstance(part, bytes) else json.dumps(part).encode())


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def without(name: str) -> Forger:
    return lambda claims: signed({key: value for key, value in claims.items() if key != name})


def having(**over: Any) -> Forger:
    return lambda claims: signed({**claims, **over})


def headed(**header: Any) -> Forger:
    return lambda claims: signed(claims, **header)


def tampered(claims: dict[str, Any], **over: Any) -> str:
    """The signature of a good token under other claims."""
    head, _, signature = signed(claims).split(".")
    return f"{head}.{_encoded({**claims, **over})}.{signature}"


SOON = int(time.time()) + 3600
FORGED: dict[str, Forger] = {
    "alg none": lambda claims: signed(claims, alg="none"),
    "alg None in capitals": lambda claims: signed(claims, alg="NONE"),
    "alg none with our signature": lambda claims: raw({"alg": "none", "kid": KEY.kid}, claims),
    "alg RS256, the secret as a public key": lambda claims: raw(
        {"alg": "RS256", "kid": KEY.kid}, claims
    ),
    "alg ES256": lambda claims: raw({"alg": "ES256", "kid": KEY.kid}, claims),
    "alg HS512 with the same secret": lambda claims: signed(claims, alg="HS512"),
    "alg HS384 with the same secret": lambda claims: signed(claims, alg="HS384"),
    "no alg": lambda claims: raw({"kid": KEY.kid}, claims),
    "alg a list": lambda claims: raw({"alg": ["HS256"], "kid": KEY.kid}, claims),
    "no kid": headed(kid=None),
    "kid unknown": headed(kid="other"),
    "kid empty": headed(kid=""),
    "kid a path": headed(kid="../../../../dev/null"),
    "kid an empty file": lambda claims: signed(claims, key="", kid="/dev/null"),
    "kid SQL": headed(kid="test' UNION SELECT 'secret' --"),
    "kid a number": headed(kid=1),
    "kid a list": headed(kid=[KEY.kid]),
    "kid of another case": headed(kid=KEY.kid.upper()),
    "a key of its own in the header": lambda claims: signed(
        claims, key=FOREIGN, kid="own", jwk={"kty": "oct", "k": _text(FOREIGN.encode())}
    ),
    "a link to a key": headed(kid="x", jku="https://evil.example/keys"),
    "an unknown critical header": headed(crit=["exp2"], exp2=1),
    "another key": lambda claims: signed(claims, key=FOREIGN),
    "the sample key": lambda claims: signed(claims, key="development-only-secret-change-me-please"),
    **{f"without {name}": without(name) for name in ("exp", "iat", "iss", "aud", "sub", "jti")},
    **{f"without {name}": without(name) for name in ("sid", "tv", "typ")},
    "exp a string": having(exp=str(SOON)),
    "exp a float": having(exp=SOON + 0.5),
    "exp null": having(exp=None),
    "exp true": having(exp=True),
    "exp past 64 bits": having(exp=2**63),
    "expired": having(exp=int(time.time()) - 60),
    "iat to come": having(iat=SOON),
    "iat a string": having(iat="now"),
    "nbf to come": having(nbf=SOON),
    "another issuer": having(iss="evil"),
    "issuers in a list": having(iss=["realty"]),
    "another audience": having(aud="realty"),
    "audiences in a list": having(aud=["realty-api", "other"]),
    "typ refresh": having(typ="refresh"),
    "typ null": having(typ=None),
    "sub a number": lambda claims: signed({**claims, "sub": int(claims["sub"])}),
    "sub a word": having(sub="admin"),
    "sub a sum": lambda claims: signed({**claims, "sub": f"{claims['sub']} OR 1=1"}),
    "sub in other digits": having(sub="\u0661"),
    "sub past int4": having(sub="9999999999"),
    "sub too long": having(sub="1" * 400),
    "sub negative": having(sub="-1"),
    "sub of nobody": having(sub="2147483647"),
    "sid of nobody": having(sid=2147483647),
    "sid a string": lambda claims: signed({**claims, "sid": str(claims["sid"])}),
    "sid past 64 bits": having(sid=2**63),
    "sid true": having(sid=True),
    "tv of before": lambda claims: signed({**claims, "tv": claims["tv"] - 1}),
    "tv to come": lambda claims: signed({**claims, "tv": claims["tv"] + 1}),
    "tv past 64 bits": having(tv=2**64),
    "jti a number": having(jti=1),
    "tampered: another user": lambda claims: tampered(claims, sub="1"),
    "tampered: later expiry": lambda claims: tampered(claims, exp=SOON),
    "tampered: one bit of the signature": lambda claims: _flipped(signed(claims)),
    "no signature": lambda claims: signed(claims).rpartition(".")[0] + ".",
    "two parts": lambda claims: signed(claims).rpartition(".")[0],
    "four parts": lambda claims: signed(claims) + ".x",
    "the payload a list": lambda claims: raw({"alg": "HS256", "kid": KEY.kid}, [claims]),
    "the payload no JSON": lambda _: raw({"alg": "HS256", "kid": KEY.kid}, b"\xff\xfe"),
    "the header a list": lambda claims: raw(["HS256"], claims),
    "the header deep": lambda claims: raw(b"[" * 2500, claims),
    "empty parts": lambda _: "..",
    "not base64": lambda _: "!!!.???.***",
    "not ASCII": lambda _: "é" * 20,
    "one word": lambda _: "undefined",
    "100 KB": lambda claims: signed({**claims, "x": "y" * 75_000}),
    "100 KB of dots": lambda _: "." * 100_000,
}


def _flipped(token: str) -> str:
    last = token[-5]
    return f"{token[:-5]}{'A' if last != 'A' else 'B'}{token[-4:]}"


def judged(api: Api, headers: dict[str, str]) -> Answer:
    """The refusal of a request with these headers, which must be the one uniform refusal."""
    answer = api.get("/api/auth/me", headers=headers, status=401)
    error = {name: answer.error[name] for name in UNIFORM}
    assert error == UNIFORM
    assert answer.error["message"] == "The token is not valid. Sign in again."
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.headers["Cache-Control"] == "no-store"
    return answer


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_the_forger_signs_as_the_service_does(api: Api) -> None:
    """What follows is refused for what it changes, and for nothing else."""
    customer = make_customer()

    assert api.get("/api/auth/me", headers=bearer(signed(claims_of(customer.token)))).status == 200


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_a_forged_token_is_nobody(api: Api, forge: Forger) -> None:
    judged(api, bearer(forge(claims_of(make_customer().token))))


@pytest.mark.parametrize(
    "header",
    [
        "{token}",
        "Basic {token}",
        "Basic dXNlcjpwYXNzd29yZA==",
        "Digest {token}",
        "Token {token}",
        "Bearer",
        "Bearer ",
        "Bearer  {token}",
        "Bearer {token} {token}",
        "Bearer {token}, Bearer {token}",
        "Bearer {token}; x=y",
        'Bearer "{token}"',
        "Bearer Bearer {token}",
        "Bearer: {token}",
        "",
    ],
)
def test_a_header_of_another_form_is_nobody(api: Api, header: str) -> None:
    """Two headers arrive joined by a comma, as WSGI servers join them."""
    judged(api, {"Authorization": header.format(token=make_customer().token)})


def test_the_scheme_is_not_case_sensitive(api: Api) -> None:
    token = make_customer().token

    assert api.get("/api/auth/me", headers={"Authorization": f"bEARER {token}"}).status == 200


@pytest.mark.parametrize("place", ["access_token", "token", "authorization"])
def test_a_token_counts_in_the_header_only(api: Api, place: str) -> None:
    token = make_customer().token

    refused = api.get(f"/api/auth/sessions?{place}={token}", status=401)
    assert refused.code == "authentication_required"
    cookie = {"Cookie": f"{place}={token}"}
    assert api.get("/api/auth/me", headers=cookie, status=401).code == "authentication_required"


def test_a_refresh_token_gives_no_access_and_an_access_token_refreshes_nothing(api: Api) -> None:
    tokens = log_in(api, make_customer().email, PASSWORD).data

    judged(api, bearer(tokens["refresh_token"]))
    body = {"refresh_token": tokens["access_token"]}
    assert api.post("/api/auth/refresh", body, status=401).code == "invalid_token"
    assert api.as_(tokens["access_token"]).get("/api/auth/me").status == 200


@pytest.mark.parametrize(
    "token",
    [
        "x",
        ".",
        "a.b",
        "'; DROP TABLE sessions; --",
        "x" * 4096,
        "\u0661\u0662",
        "eyJhbGciOiJub25lIn0.e30.",
    ],
)
def test_what_is_no_refresh_token(api: Api, token: str) -> None:
    answer = api.post("/api/auth/refresh", {"refresh_token": token}, status=401)

    assert answer.code == "invalid_token"


def by_logout(api: Api, account: Account) -> None:
    api.as_(account).post("/api/auth/logout", status=204)


def by_password(api: Api, account: Account) -> None:
    body = {"current_password": PASSWORD, "new_password": "Narmada-Tapi-9"}
    api.as_(account).post("/api/auth/change-password", body)


def by_reset(api: Api, account: Account) -> None:
    api.post("/api/auth/forgot-password", {"email": account.email}, status=202)
    body = {"token": mailed_token(account.email), "new_password": "Narmada-Tapi-9"}
    api.post("/api/auth/reset-password", body)


def by_deactivation(api: Api, account: Account) -> None:
    with session():
        User[account.user_id].is_active = False


def by_version(api: Api, account: Account) -> None:
    with session():
        User[account.user_id].token_version += 1


def by_revocation(api: Api, account: Account) -> None:
    elsewhere = api.as_(log_in(api, account.email, PASSWORD).data["access_token"])
    for row in elsewhere.get("/api/auth/sessions").data["sessions"]:
        if not row["current"]:
            elsewhere.delete(f"/api/auth/sessions/{row['id']}", status=204)


@pytest.mark.parametrize(
    "end", [by_logout, by_password, by_reset, by_deactivation, by_version, by_revocation]
)
def test_a_token_that_was_good_is_dead_at_once(api: Api, end: Any) -> None:
    account = make_customer()
    assert api.as_(account).get("/api/auth/me").status == 200

    end(api, account)

    judged(api, bearer(account.token))


def test_a_session_belongs_to_its_user(api: Api) -> None:
    """Claims that are each true, of two users."""
    mine, other = make_customer(), make_admin()
    theirs = claims_of(other.token)

    judged(api, bearer(signed({**claims_of(mine.token), "sub": theirs["sub"]})))
    judged(api, bearer(signed({**claims_of(mine.token), "sid": theirs["sid"]})))


def test_a_bad_token_is_refused_where_none_is_needed_but_one_counts(api: Api) -> None:
    for path in ("/api/projects", "/api/units"):
        assert api.as_("nonsense").get(path, status=401).code == "invalid_token"
        assert api.get(path).status == 200


def test_the_role_is_read_from_the_database(api: Api) -> None:
    """A role that was taken away is gone with the next request, whatever the token is."""
    admin = make_admin()
    assert api.as_(admin).get("/api/customers").status == 200
    with session():
        User[admin.user_id].user_type = "customer"

    assert api.as_(admin).get("/api/customers", status=403).code == "forbidden"


# --- keys ----------------------------------------------------------------------------------------

OLD, NEXT = "old:" + "o" * 40, "next:" + "n" * 40


def issued_with(keys: str, account: Account) -> str:
    """A token of the account's own login, signed by the first of these keys."""
    settings = Settings.load({**INI, "realty.token_keys": keys}, {})
    with session():
        login = Session.select(lambda s: s.user.id == account.user_id).first()
        return issue_access_token(
            settings, user_id=account.user_id, session_id=login.id, token_version=0, now=utcnow()
        )


def test_keys_are_rotated_by_settings(api: Api, database: str) -> None:
    account = make_customer()
    before, after = issued_with(OLD, account), issued_with(f"{NEXT} {OLD}", account)

    def accepts(keys: str) -> list[bool]:
        there = Api(deploy(database, token_keys=keys))
        return [
            there.as_(token).request("GET", "/api/auth/me", status=status).status == 200
            for token, status in zip((before, after), expected[keys], strict=True)
        ]

    expected = {OLD: (200, 401), f"{NEXT} {OLD}": (200, 200), NEXT: (401, 200)}
    assert jwt.get_unverified_header(after)["kid"] == "next"
    assert accepts(OLD) == [True, False]
    assert accepts(f"{NEXT} {OLD}") == [True, True]
    assert accepts(NEXT) == [False, True]


def test_a_rotated_out_key_is_like_any_other_forgery(api: Api, database: str) -> None:
    account = make_customer()

    judged(Api(deploy(database, token_keys=NEXT)), bearer(issued_with(OLD, account)))


def test_two_tabs_refresh_while_the_keys_are_rotated(api: Api, database: str) -> None:
    before = Api(deploy(database, token_keys=OLD))
    during = Api(deploy(database, token_keys=f"{NEXT} {OLD}"))
    spent = log_in(before, make_customer().email, PASSWORD).data["refresh_token"]
    body = {"refresh_token": spent}

    first = before.post("/api/auth/refresh", body).data["refresh_token"]
    second = during.post("/api/auth/refresh", body).data["refresh_token"]

    assert first == second
    during.post("/api/auth/refresh", {"refresh_token": second})


def test_a_tab_that_comes_after_its_key_was_dropped_ends_nothing(api: Api, database: str) -> None:
    """Its successor cannot be told any more; the tab that got it goes on."""
    before, after = (Api(deploy(database, token_keys=keys)) for keys in (OLD, NEXT))
    spent = log_in(before, make_customer().email, PASSWORD).data["refresh_token"]
    living = before.post("/api/auth/refresh", {"refresh_token": spent}).data["refresh_token"]

    refused = after.post("/api/auth/refresh", {"refresh_token": spent}, status=401)

    assert refused.code == "invalid_token"
    after.post("/api/auth/refresh", {"refresh_token": living})
