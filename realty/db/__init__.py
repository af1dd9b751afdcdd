"""The database: entities by area, the connection, the session and the locks.

Importing this package defines every entity; `realty.db.connection.connect` binds them.
"""

from realty.db.accounts import (
    Builder,
    Customer,
    Invitation,
    OneTimeToken,
    Review,
    SavedProject,
    Session,
    User,
)
from realty.db.catalogue import Project, Unit
from realty.db.construction import ConstructionUpdate, File, Model3D, ProjectPhase, UpdateRevision
from realty.db.database import db, utcnow
from realty.db.engagement import (
    Appointment,
    Conversation,
    Message,
    Notification,
    NotificationPreference,
    OutgoingMail,
)
from realty.db.sales import Booking, ChangeRequest, Installment, Payment
from realty.db.system import (
    AuditHead,
    AuditLog,
    CacheStamp,
    IdempotencyKey,
    NumberSeries,
    StatusHistory,
    SystemSetting,
)

__all__ = [
    "Appointment",
    "AuditHead",
    "AuditLog",
    "Booking",
    "Builder",
    "CacheStamp",
    "ChangeRequest",
    "ConstructionUpdate",
    "Conversation",
    "Customer",
    "File",
    "IdempotencyKey",
    "Installment",
    "Invitation",
    "Message",
    "Model3D",
    "Notification",
    "NotificationPreference",
    "NumberSeries",
    "OneTimeToken",
    "OutgoingMail",
    "Payment",
    "Project",
    "ProjectPhase",
    "Review",
    "SavedProject",
    "Session",
    "StatusHistory",
    "SystemSetting",
    "Unit",
    "UpdateRevision",
    "User",
    "db",
    "utcnow",
]
