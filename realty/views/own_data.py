"""The operation of the tag `auth` that hands a caller everything that is kept about him."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from tempfile import TemporaryFile
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from pyramid.request import Request
from pyramid.response import FileIter, Response

from realty.contract import operation
from realty.permissions import P
from realty.presenters.own_data import export_json, write_export
from realty.resources import AccountResource
from realty.security import Identity
from realty.services import files, own_data
from realty.services.own_data import Kept
from realty.services.policy import current_policy
from realty.views.negotiation import JSON, ZIP, preferred

COMPRESSION = 6


@operation("exportMyData", permission=P.ACCOUNT_READ)
def export_my_data(context: AccountResource, request: Request) -> Response | dict[str, Any]:
    """A ZIP with the rows and the files, or the rows alone."""
    identity, now = context.identity, request.now
    if preferred(request, ZIP, JSON) == JSON:
        kept = own_data.files_of(identity, most_bytes=0)
        sections = own_data.in_one_answer(identity)
        return {"export": export_json(sections, kept, user_id=identity.user_id, now=now)}
    kept = own_data.files_of(identity, most_bytes=own_data.most_file_bytes(current_policy()))
    archive = TemporaryFile()  # noqa: SIM115 - the response reads it, and closes it at its end
    _write(archive, identity, kept, request, now)
    response = request.response
    response.content_type, response.charset = ZIP, None
    response.content_length = archive.tell()
    archive.seek(0)
    response.app_iter = FileIter(archive)
    name = own_data.archive_name(now)
    response.content_disposition = f'attachment; filename="{name}.zip"'
    return response


def _write(
    archive: IO[bytes], identity: Identity, kept: Sequence[Kept], request: Request, now: datetime
) -> None:
    """Write the whole archive; pictures and papers are compressed already."""
    with ZipFile(archive, "w", ZIP_DEFLATED, compresslevel=COMPRESSION) as zipped:
        with zipped.open(_entry("data.json", ZIP_DEFLATED, now), "w") as out:
            sections = (
                (section, own_data.rows_of(section, identity))
                for section in own_data.SECTIONS[identity.role]
            )
            write_export(out, sections, kept, user_id=identity.user_id, now=now)
        for each in kept:
            if each.path is not None:
                with zipped.open(_entry(each.path, ZIP_STORED, now), "w", force_zip64=True) as out:
                    files.copy_content(each.file, request.registry.storage, out)


def _entry(path: str, compression: int, now: datetime) -> ZipInfo:
    entry = ZipInfo(path, now.timetuple()[:6])
    entry.compress_type = compression
    return entry
