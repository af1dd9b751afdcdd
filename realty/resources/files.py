"""Files."""

from __future__ import annotations

from pyramid.authorization import Allow
from pyramid.request import Request

from realty.permissions import P
from realty.resources.base import Acl, path_id
from realty.security import require_identity


class FileCollection:
    """Files that the caller brings."""

    __acl__: Acl = [(Allow, "account", P.FILE_CREATE)]

    def __init__(self, request: Request) -> None:
        self.identity = require_identity(request)


class FileResource:
    """One file; whether the caller may read it is for the service, by what it is attached to."""

    __acl__: Acl = [(Allow, "account", P.FILE_READ)]

    def __init__(self, request: Request) -> None:
        self.identity = require_identity(request)
        self.file_id = path_id(request, "file_id")


class FileContentResource:
    """The content of one file, for whoever brings a signed link."""

    def __init__(self, request: Request) -> None:
        self.file_id = path_id(request, "file_id")
