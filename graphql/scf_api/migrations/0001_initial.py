from tortoise import fields, migrations
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    operations = [
        ops.CreateSchema("api"),
        ops.CreateModel(
            name="Account",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                ("name", fields.CharField(max_length=80, unique=True)),
                ("password_hash", fields.CharField(max_length=200)),
                ("roles", ArrayField(element_type="text")),
                ("party_id", fields.UUIDField(null=True)),
                ("disabled", fields.BooleanField(default=False)),
                ("created_at", fields.DatetimeField()),
            ],
            options={"schema": "api", "table": "account", "app": "api", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Session",
            fields=[
                ("token_hash", fields.CharField(max_length=64, primary_key=True)),
                ("account_id", fields.UUIDField(db_index=True)),
                ("created_at", fields.DatetimeField()),
                ("expires_at", fields.DatetimeField(db_index=True)),
            ],
            options={"schema": "api", "table": "session", "app": "api", "pk_attr": "token_hash"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LoginFailure",
            fields=[
                ("subject", fields.CharField(max_length=120, primary_key=True)),
                ("failures", fields.IntField()),
                ("last_at", fields.DatetimeField()),
            ],
            options={"schema": "api", "table": "login_failure", "app": "api", "pk_attr": "subject"},
            bases=["Model"],
        ),
        ops.RunSQL(
            [
                "ALTER TABLE api.account ADD CONSTRAINT account_name_lower CHECK (name = lower(name))",
                "ALTER TABLE api.account ADD CONSTRAINT account_has_role CHECK (cardinality(roles) > 0)",
                "ALTER TABLE api.session ADD CONSTRAINT session_account"
                " FOREIGN KEY (account_id) REFERENCES api.account (id) ON DELETE CASCADE",
            ]
        ),
    ]
