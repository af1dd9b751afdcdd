"""What each role may ever do. On which rows is for the `__acl__` of the resources to say."""

from __future__ import annotations

from enum import StrEnum


class P(StrEnum):
    """Every permission, as `resource:action`."""

    ACCOUNT_DELETE = "account:delete"
    ACCOUNT_READ = "account:read"
    ACCOUNT_WRITE = "account:write"
    AUDIT_READ = "audit:read"
    APPOINTMENT_CREATE = "appointment:create"
    APPOINTMENT_EDIT = "appointment:edit"
    APPOINTMENT_LIST = "appointment:list"
    APPOINTMENT_MOVE = "appointment:move"
    APPOINTMENT_READ = "appointment:read"
    BOOKING_CANCEL = "booking:cancel"
    BOOKING_CHARGE = "booking:charge"
    BOOKING_CONFIRM = "booking:confirm"
    BOOKING_CREATE = "booking:create"
    BOOKING_DEMAND = "booking:demand"
    BOOKING_DOCUMENT = "booking:document"
    BOOKING_EDIT = "booking:edit"
    BOOKING_HAND_OVER = "booking:hand-over"
    BOOKING_LIST = "booking:list"
    BOOKING_QUOTE = "booking:quote"
    BOOKING_READ = "booking:read"
    BOOKING_REGISTER = "booking:register-agreement"
    BOOKING_REJECT = "booking:reject"
    BOOKING_RESCHEDULE = "booking:reschedule"
    BUILDER_DASHBOARD = "builder:dashboard"
    BUILDER_EDIT = "builder:edit"
    BUILDER_VERIFY = "builder:verify"
    CALENDAR_WRITE = "calendar:write"
    CHANGE_REQUEST_ANSWER = "change-request:answer"
    CHANGE_REQUEST_CREATE = "change-request:create"
    CHANGE_REQUEST_DECIDE = "change-request:decide"
    CHANGE_REQUEST_LIST = "change-request:list"
    CHANGE_REQUEST_READ = "change-request:read"
    CUSTOMER_DASHBOARD = "customer:dashboard"
    CUSTOMER_EDIT = "customer:edit"
    CUSTOMER_INVITE = "customer:invite"
    CUSTOMER_LIST = "customer:list"
    CUSTOMER_READ = "customer:read"
    FILE_CREATE = "file:create"
    FILE_READ = "file:read"
    INVITATION_ACCEPT = "invitation:accept"
    MESSAGE_LIST = "message:list"
    MESSAGE_READ = "message:read"
    MESSAGE_WRITE = "message:write"
    MODEL_READ = "model:read"
    MODEL_WRITE = "model:write"
    NOBODY = "nobody"
    NOTIFICATION_READ = "notification:read"
    NOTIFICATION_WRITE = "notification:write"
    PAYMENT_CREATE = "payment:create"
    PAYMENT_GIVE_BACK = "payment:give-back"
    PAYMENT_LIST = "payment:list"
    PAYMENT_MOVE = "payment:move"
    PAYMENT_READ = "payment:read"
    PROGRESS_EDIT = "progress:edit"
    PROGRESS_READ = "progress:read"
    PROGRESS_REPORT = "progress:report"
    PROJECT_CREATE = "project:create"
    PROJECT_DELETE = "project:delete"
    PROJECT_EDIT = "project:edit"
    PROJECT_FEATURE = "project:feature"
    PROJECT_PUBLISH = "project:publish"
    PROJECT_READ = "project:read"
    PROJECT_SAVE = "project:save"
    REVIEW_CREATE = "review:create"
    REVIEW_READ = "review:read"
    REVIEW_REPLY = "review:reply"
    SETTING_READ = "setting:read"
    SETTING_WRITE = "setting:write"
    SLOT_READ = "slot:read"
    UNIT_CREATE = "unit:create"
    UNIT_DELETE = "unit:delete"
    UNIT_EDIT = "unit:edit"
    UNIT_EXPORT = "unit:export"
    UNIT_IMPORT = "unit:import"
    UNIT_READ = "unit:read"
    UPDATE_READ = "update:read"
    UPDATE_WRITE = "update:write"
    USER_EDIT = "user:edit"
    USER_LIST = "user:list"


PUBLIC_PERMISSIONS = frozenset(
    {
        P.INVITATION_ACCEPT,
        P.MODEL_READ,
        P.PROGRESS_READ,
        P.PROJECT_READ,
        P.REVIEW_READ,
        P.SLOT_READ,
        P.UNIT_READ,
        P.UPDATE_READ,
    }
)
_EVERY_ACCOUNT = PUBLIC_PERMISSIONS | {
    P.ACCOUNT_DELETE,
    P.ACCOUNT_READ,
    P.ACCOUNT_WRITE,
    P.CALENDAR_WRITE,
    P.FILE_CREATE,
    P.FILE_READ,
    P.NOTIFICATION_READ,
    P.NOTIFICATION_WRITE,
}
ROLE_PERMISSIONS: dict[str, frozenset[P]] = {
    "customer": _EVERY_ACCOUNT
    | {
        P.APPOINTMENT_CREATE,
        P.APPOINTMENT_LIST,
        P.APPOINTMENT_MOVE,
        P.APPOINTMENT_READ,
        P.BOOKING_CANCEL,
        P.BOOKING_CREATE,
        P.BOOKING_DOCUMENT,
        P.BOOKING_EDIT,
        P.BOOKING_LIST,
        P.BOOKING_QUOTE,
        P.BOOKING_READ,
        P.CHANGE_REQUEST_CREATE,
        P.CHANGE_REQUEST_DECIDE,
        P.CHANGE_REQUEST_LIST,
        P.CHANGE_REQUEST_READ,
        P.CUSTOMER_DASHBOARD,
        P.CUSTOMER_EDIT,
        P.CUSTOMER_READ,
        P.MESSAGE_LIST,
        P.MESSAGE_READ,
        P.MESSAGE_WRITE,
        P.PAYMENT_CREATE,
        P.PAYMENT_LIST,
        P.PAYMENT_READ,
        P.PROGRESS_REPORT,
        P.PROJECT_SAVE,
        P.REVIEW_CREATE,
    },
    "builder": _EVERY_ACCOUNT
    | {
        P.APPOINTMENT_CREATE,
        P.APPOINTMENT_EDIT,
        P.APPOINTMENT_LIST,
        P.APPOINTMENT_MOVE,
        P.APPOINTMENT_READ,
        P.AUDIT_READ,
        P.BOOKING_CANCEL,
        P.BOOKING_CHARGE,
        P.BOOKING_CONFIRM,
        P.BOOKING_CREATE,
        P.BOOKING_DEMAND,
        P.BOOKING_DOCUMENT,
        P.BOOKING_EDIT,
        P.BOOKING_HAND_OVER,
        P.BOOKING_LIST,
        P.BOOKING_QUOTE,
        P.BOOKING_READ,
        P.BOOKING_REGISTER,
        P.BOOKING_REJECT,
        P.BOOKING_RESCHEDULE,
        P.BUILDER_DASHBOARD,
        P.BUILDER_EDIT,
        P.CHANGE_REQUEST_ANSWER,
        P.CHANGE_REQUEST_LIST,
        P.CHANGE_REQUEST_READ,
        P.CUSTOMER_INVITE,
        P.CUSTOMER_LIST,
        P.CUSTOMER_READ,
        P.MESSAGE_LIST,
        P.MESSAGE_READ,
        P.MESSAGE_WRITE,
        P.MODEL_WRITE,
        P.PAYMENT_CREATE,
        P.PAYMENT_GIVE_BACK,
        P.PAYMENT_LIST,
        P.PAYMENT_MOVE,
        P.PAYMENT_READ,
        P.PROGRESS_EDIT,
        P.PROGRESS_REPORT,
        P.PROJECT_CREATE,
        P.PROJECT_DELETE,
        P.PROJECT_EDIT,
        P.PROJECT_PUBLISH,
        P.REVIEW_REPLY,
        P.UNIT_CREATE,
        P.UNIT_DELETE,
        P.UNIT_EDIT,
        P.UNIT_EXPORT,
        P.UNIT_IMPORT,
        P.UPDATE_WRITE,
    },
    "admin": _EVERY_ACCOUNT
    | {
        P.APPOINTMENT_LIST,
        P.APPOINTMENT_READ,
        P.AUDIT_READ,
        P.BOOKING_LIST,
        P.BOOKING_READ,
        P.BUILDER_VERIFY,
        P.CHANGE_REQUEST_LIST,
        P.CHANGE_REQUEST_READ,
        P.CUSTOMER_LIST,
        P.CUSTOMER_READ,
        P.PAYMENT_CREATE,
        P.PAYMENT_LIST,
        P.PAYMENT_READ,
        P.PROJECT_FEATURE,
        P.SETTING_READ,
        P.SETTING_WRITE,
        P.USER_EDIT,
        P.USER_LIST,
    },
}
