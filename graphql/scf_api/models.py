"""The API's own tables: accounts, sessions and failed logins (schema `api`)."""

from __future__ import annotations

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.models import Model


class Account(Model):
    """Who may log in. `name` is stored in lower case; `password_hash` is an argon2id string."""

    id = fields.UUIDField(primary_key=True)
    name = fields.CharField(max_length=80, unique=True)
    password_hash = fields.CharField(max_length=200)
    roles = ArrayField(element_type="text")
    party_id = fields.UUIDField(null=True)
    disabled = fields.BooleanField(default=False)
    created_at = fields.DatetimeField()

    class Meta:
        """Where the table lives."""

        schema = "api"
        table = "account"


class Session(Model):
    """A login. Only the SHA-256 of its token is stored, so a copy of the table opens no session."""

    token_hash = fields.CharField(max_length=64, primary_key=True)
    account_id = fields.UUIDField(db_index=True)
    created_at = fields.DatetimeField()
    expires_at = fields.DatetimeField(db_index=True)

    class Meta:
        """Where the table lives."""

        schema = "api"
        table = "session"


class LoginFailure(Model):
    """Failed logins in a row of one subject: an account's name or an address."""

    subject = fields.CharField(max_length=120, primary_key=True)
    failures = fields.IntField()
    last_at = fields.DatetimeField()

    class Meta:
        """Where the table lives."""

        schema = "api"
        table = "login_failure"
