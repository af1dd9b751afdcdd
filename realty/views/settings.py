"""Operations of the tag `system` by which administrators keep the settings."""

from __future__ import annotations

from typing import Any

from pyramid.request import Request

from realty.contract import operation
from realty.permissions import P
from realty.presenters.administration import setting_json
from realty.resources import SettingCollection
from realty.services import settings

Json = dict[str, Any]


@operation("listSettings", permission=P.SETTING_READ)
def list_settings(context: SettingCollection, request: Request) -> Json:
    """Every setting."""
    return {"settings": [setting_json(setting) for setting in settings.listed()]}


@operation("updateSetting", permission=P.SETTING_WRITE)
def update_setting(context: SettingCollection, request: Request) -> Json:
    """Change one, or put its default back."""
    validated = request.openapi_validated
    setting = settings.put(
        validated.parameters.path["setting_key"],
        validated.body["setting_value"],
        actor=context.identity,
        now=request.now,
    )
    return {"setting": setting_json(setting)}
