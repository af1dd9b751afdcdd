"""Ways to spoil a sound request or JSON value, each by one named rule.

A change returns False when it does not apply to what it was given.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests.contract.corpus import Draft, Site, to_bytes

WRONG = {
    "string": 12345,
    "integer": "seven",
    "number": "seven",
    "boolean": "true",
    "object": [],
    "array": {},
    "null": 1,
}


def _types(site: Site) -> set[str]:
    kind = site.schema.get("type", ())
    return {kind} if isinstance(kind, str) else set(kind)


def _wrong_type(site: Site, random: Random) -> bool:
    if "enum" in site.schema:
        site.value = 12345
    elif types := _types(site):
        site.value = WRONG[max(types)]
    else:
        return False  # any value will do
    return True


def _null(site: Site, random: Random) -> bool:
    if not _types(site) or "null" in _types(site) or site.schema.get("x-nullable"):
        return False
    site.value = None
    return True


def _too_long(site: Site, random: Random) -> bool:
    if "string" not in _types(site) or "maxLength" not in site.schema:
        return False
    site.value = "a" * (site.schema["maxLength"] + 1)
    return True


def _too_short(site: Site, random: Random) -> bool:
    if not site.schema.get("minLength"):
        return False
    site.value = ""
    return True


def _too_small(site: Site, random: Random) -> bool:
    if "minimum" not in site.schema:
        return False
    site.value = site.schema["minimum"] - 1
    return True


def _too_large(site: Site, random: Random) -> bool:
    if "maximum" not in site.schema:
        return False
    site.value = random.choice([site.schema["maximum"] + 1, 10**30])
    return True


def _fraction(site: Site, random: Random) -> bool:
    if "integer" not in _types(site):
        return False
    site.value = 1.5
    return True


def _no_choice(site: Site, random: Random) -> bool:
    if "enum" not in site.schema:
        return False
    site.value = "no such choice"
    return True


def _bad_date(site: Site, random: Random) -> bool:
    if site.schema.get("format") not in ("date", "date-time"):
        return False
    site.value = random.choice(
        ["2024-02-30", "20240101", "2024-01-01T25:00:00Z", "soon", "2024-1-1"]
    )
    return True


def _bad_form(site: Site, random: Random) -> bool:
    if "pattern" not in site.schema or not site.schema["pattern"].startswith("^"):
        return False
    site.value = "\t\t\t\t\t\t\t\t"
    return True


def _unknown_field(site: Site, random: Random) -> bool:
    if not isinstance(site.value, dict):
        return False
    site.value["no_such_field"] = 1
    return True


def _missing_field(site: Site, random: Random) -> bool:
    if not site.required or not isinstance(site.holder, dict):
        return False
    del site.holder[site.key]
    return True


def _too_many(site: Site, random: Random) -> bool:
    if not isinstance(site.value, list) or site.schema.get("maxItems", 1000) > 200:
        return False
    site.value = (site.value or ["x"]) * (site.schema["maxItems"] + 1)
    return True


def _twice_the_same(site: Site, random: Random) -> bool:
    if not site.schema.get("uniqueItems") or not site.value:
        return False
    site.value = [site.value[0], site.value[0]]
    return True


# Changes of a JSON value, in a request or in a response, on which both validators agree.
IN_JSON: dict[str, Callable[[Site, Random], bool]] = {
    "wrong type": _wrong_type,
    "null": _null,
    "too long": _too_long,
    "too short": _too_short,
    "too small": _too_small,
    "too large": _too_large,
    "fraction": _fraction,
    "no such choice": _no_choice,
    "bad date": _bad_date,
    "bad form": _bad_form,
    "unknown field": _unknown_field,
    "missing field": _missing_field,
    "too many items": _too_many,
    "the same item twice": _twice_the_same,
}


def in_json(name: str) -> Callable[[Random, list[Site]], bool]:
    """The named change at some place of a value where it applies."""

    def change(random: Random, sites: list[Site]) -> bool:
        return any(IN_JSON[name](site, random) for site in random.sample(sites, len(sites)))

    return change


def _raw(make: Callable[[bytes], bytes]) -> Callable[[Draft, Random], bool]:
    """A change of the bytes of the body."""

    def change(draft: Draft, random: Random) -> bool:
        if draft.body is None:
            return False
        draft.raw = make(to_bytes(draft.body[0]))
        return True

    return change


def _query(kind: str, *texts: str) -> Callable[[Draft, Random], bool]:
    """A query parameter of this type gets one of these texts."""

    def change(draft: Draft, random: Random) -> bool:
        declared = draft.of("query", kind)
        if not declared:
            return False
        draft.set_query(random.choice(declared)["name"], random.choice(texts))
        return True

    return change


def _header(name: str, *texts: str) -> Callable[[Draft, Random], bool]:
    """A request with a body gets this header."""

    def change(draft: Draft, random: Random) -> bool:
        if draft.body is None:
            return False
        draft.headers[name] = random.choice(texts)
        return True

    return change


def _without_token(draft: Draft, random: Random) -> bool:
    del draft.headers["Authorization"]
    return True


def _basic_token(draft: Draft, random: Random) -> bool:
    draft.headers["Authorization"] = "Basic dTpw"
    return True


def _bad_path(draft: Draft, random: Random) -> bool:
    if not draft.path:
        return False
    draft.path[random.choice(list(draft.path))] = random.choice(["0", "x", "-1", "2147483648"])
    return True


def _bad_header(draft: Draft, random: Random) -> bool:
    declared = [each for each in draft.of("header") if "maxLength" in each["schema"]]
    if not declared:
        return False
    chosen = random.choice(declared)
    draft.headers[chosen["name"]] = "x" * (chosen["schema"]["maxLength"] + 1)
    return True


def _unknown_parameter(draft: Draft, random: Random) -> bool:
    draft.query.append(("no_such_parameter", "1"))
    return True


def _repeated_parameter(draft: Draft, random: Random) -> bool:
    if not draft.query:
        return False
    draft.query.append(random.choice(draft.query))
    return True


def _unstorable_query(draft: Draft, random: Random) -> bool:
    return _query("string", "a\0b")(draft, random)


def _unstorable_body(draft: Draft, random: Random) -> bool:
    plain = [
        site
        for site in draft.sites
        if isinstance(site.value, str) and not {"enum", "format"} & set(site.schema) and site.value
    ]
    if not plain:
        return False
    site = random.choice(plain)
    site.value = "\0" + site.value[1:]
    return True


def _trailing_newline(draft: Draft, random: Random) -> bool:
    anchored = [
        site
        for site in draft.sites
        if isinstance(site.value, str)
        and site.schema.get("pattern", "").endswith("$")
        and len(site.value) < site.schema["maxLength"]
    ]
    if not anchored:
        return False
    random.choice(anchored).value += "\n"
    return True


def _body_format(name: str, *texts: str) -> Callable[[Draft, Random], bool]:
    """A body field of this format gets one of these texts."""

    def change(draft: Draft, random: Random) -> bool:
        sites = [site for site in draft.sites if site.schema.get("format") == name]
        if not sites:
            return False
        random.choice(sites).value = random.choice(texts)
        return True

    return change


def _uncalled_body(draft: Draft, random: Random) -> bool:
    if draft.body is not None or draft.operation.method in ("GET", "DELETE"):
        return False
    draft.raw = b'{"a": 1}'
    draft.headers["Content-Type"] = "application/json"
    return True


def _duplicate_key(raw: bytes) -> bytes:
    first = raw[1:].partition(b":")[0]
    return b"{" + first + b":null," + raw[1:] if first.startswith(b'"') else raw


# Changes of a request outside the JSON value; the differential test says which are differences.
IN_REQUEST: dict[str, Callable[[Draft, Random], bool]] = {
    "no token": _without_token,
    "basic token": _basic_token,
    "bad path parameter": _bad_path,
    "bad header": _bad_header,
    "text for an integer": _query("integer", "seven", "1.0", "1e1", "0x10", "--1"),
    "integer out of range": _query("integer", "-1", "99999999999999999999"),
    "text for a boolean": _query("boolean", "maybe", "2"),
    "bad choice in the query": _query("string", "x" * 500),
    "malformed body": _raw(lambda raw: raw[:-1]),
    "empty body": _raw(lambda _: b""),
    "bad UTF-8": _raw(lambda raw: raw[:1] + b'"\xff":1,' + raw[1:]),
    "NaN": _raw(lambda raw: raw[:1] + b'"x":NaN,' + raw[1:]),
    "deep nesting": _raw(lambda _: b"[" * 100_000),
    "byte order mark": _raw(lambda raw: b"\xef\xbb\xbf" + raw),
    "wrong media type": _header("Content-Type", "text/plain", "application/xml", ""),
    "media type in capitals": _header("Content-Type", "Application/JSON; Charset=UTF-8"),
    "unknown parameter": _unknown_parameter,
    "repeated parameter": _repeated_parameter,
    "lenient integer": _query("integer", " 7", "1_0", "+7", "007", "\u0663"),
    "lenient boolean": _query("boolean", "yes", "1", "on", "True", "y"),
    "U+0000 in the query": _unstorable_query,
    "U+0000 in the body": _unstorable_body,
    "lone surrogate": _raw(lambda raw: raw[:1] + b'"\\ud800":1,' + raw[1:]),
    "duplicate key": _raw(_duplicate_key),
    "other charset": _header("Content-Type", "application/json; charset=utf-16"),
    "compressed body": _header("Content-Encoding", "gzip", "br"),
    "body that nobody asked for": _uncalled_body,
    "newline before the end": _trailing_newline,
    "odd e-mail": _body_format("email", "a..b@example.com", ".a@example.com", "a@-x.example.com"),
    "odd URL": _body_format("uri", "https://[x", "http://%zz/", "https://a b"),
    "loose date": _body_format("date-time", "2026-01-01T00:00:60Z", "0000-01-01T00:00:00Z"),
}
