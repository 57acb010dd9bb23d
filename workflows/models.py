"""The tables of the cases: definitions, cases, commands, and the read model that each burst updates.

A case has one authority: its row here, with the kernel's state, and the commands accepted for it. Tables
whose key has several columns (starts, message identities, remote jobs) have no model here; their SQL is in
`repository/`.
"""

from __future__ import annotations

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.models import Model


class Definition(Model):
    """A deployed version of a process: its sources, and the hash of what they compile to."""

    id = fields.UUIDField(primary_key=True)
    key = fields.CharField(max_length=100)
    version = fields.IntField()
    hash = fields.CharField(max_length=64)
    name = fields.TextField()
    process_id = fields.TextField()
    sources = fields.JSONField[dict[str, str]]()
    forms = fields.JSONField[dict[str, object]]()
    state = fields.CharField(max_length=20)
    deployed_by = fields.TextField()
    deployed_at = fields.DatetimeField()
    # Who asked for its deployment; null where a release brought it, without a second person.
    requested_by = fields.TextField(null=True)
    findings = fields.JSONField[list[dict[str, object]]](db_default=[])
    # Its entries in the ledger's stream `definition:<id>`; versions of before the drafts have none there.
    entries = fields.IntField(db_default=0)

    class Meta:
        """Where the table lives."""

        schema = "workflows"
        table = "definition"
        unique_together = (("key", "version"),)


class Draft(Model):
    """The next version of a process on its way to deployment; one of a key at a time.

    `draft` as it is edited, `linted` once the check found no error, `pending` when its deployment was asked
    for. Deployed, it is a definition of the same id.
    """

    id = fields.UUIDField(primary_key=True)
    key = fields.CharField(max_length=100, unique=True)
    revision = fields.IntField()
    state = fields.CharField(max_length=20)
    hash = fields.CharField(max_length=64)
    sources = fields.JSONField[dict[str, str]]()
    # Null until this revision was checked.
    findings = fields.JSONField[list[dict[str, object]]](null=True)
    authors = ArrayField(element_type="text")
    saved_by = fields.TextField()
    saved_at = fields.DatetimeField()
    requested_by = fields.TextField(null=True)
    requested_at = fields.DatetimeField(null=True)
    rejected_by = fields.TextField(null=True)
    rejection = fields.TextField(null=True)
    entries = fields.IntField()

    class Meta:
        """Where the table lives."""

        schema = "workflows"
        table = "draft"


class DefinitionTag(Model):
    """A name for one version of a process, by which cases can start; it can be moved to another version."""

    id = fields.UUIDField(primary_key=True)
    key = fields.CharField(max_length=100)
    tag = fields.CharField(max_length=100)
    definition: fields.ForeignKeyRelation[Definition] = fields.ForeignKeyField(
        "workflows.Definition", related_name="tags", on_delete=fields.RESTRICT
    )
    set_by = fields.TextField()
    set_at = fields.DatetimeField()

    class Meta:
        """Where the table lives."""

        schema = "workflows"
        table = "definition_tag"
        unique_together = (("key", "tag"),)


class Case(Model):
    """A process instance. `seq` counts its ledger entries, `step_seq` its element steps."""

    id = fields.UUIDField(primary_key=True)
    definition: fields.ForeignKeyRelation[Definition] = fields.ForeignKeyField(
        "workflows.Definition", related_name="cases", on_delete=fields.RESTRICT
    )
    product = fields.CharField(max_length=100)
    business_key = fields.TextField()
    state = fields.CharField(max_length=20)
    # Text, not jsonb: jsonb reorders keys, and the order of a FEEL context's entries is part of the state.
    state_json = fields.TextField()
    root = fields.CharField(max_length=64)
    seq = fields.IntField()
    step_seq = fields.BigIntField()
    request_id = fields.UUIDField(null=True)
    seller_id = fields.UUIDField(null=True)
    buyer_id = fields.UUIDField(null=True)
    requested_by = fields.TextField()
    started_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)
    # The clock: an affine map of real time, see core.clock.BusinessTime.
    real_anchor = fields.DatetimeField()
    business_anchor = fields.DatetimeField()
    clock_rate = fields.DecimalField(max_digits=20, decimal_places=6)
    clock_paused = fields.BooleanField()
    pause_on = ArrayField(element_type="text")
    business_now = fields.DatetimeField()
    # When the workflow is to wake, in real time: a case that is overdue has lost its workflow.
    due_at = fields.DatetimeField(null=True)
    active_elements = fields.JSONField[list[object]]()
    incidents = fields.IntField()
    # What became of Temporal's history of a case that ended: `archived`, `lost`, `erased`, or not looked for.
    history = fields.CharField(null=True, max_length=20)
    erased_at = fields.DatetimeField(null=True)

    class Meta:
        """Where the table lives."""

        schema = "workflows"
        table = "case_"
        unique_together = (("product", "business_key"),)
        indexes = (("request_id",),)


class Command(Model):
    """What somebody asked for: `accepted` until its outcome is recorded together with its effects."""

    id = fields.UUIDField(primary_key=True)
    position = fields.BigIntField()
    case_id = fields.UUIDField(null=True)
    kind = fields.CharField(max_length=40)
    actor = fields.TextField()
    roles = ArrayField(element_type="text")
    party_id = fields.UUIDField(null=True)
    payload = fields.JSONField[dict[str, object]]()
    idempotency_key = fields.TextField()
    digest = fields.CharField(max_length=64)
    state = fields.CharField(max_length=20)
    outcome = fields.JSONField[dict[str, object]](null=True)
    created_at = fields.DatetimeField()
    decided_at = fields.DatetimeField(null=True)

    class Meta:
        """Where the table lives."""

        schema = "workflows"
        table = "command"
        unique_together = (("actor", "idempotency_key"),)


class Step(Model):
    """One element step of a case, as the kernel told it, with the ledger entry that proves it."""

    id = fields.BigIntField(primary_key=True)
    case_id = fields.UUIDField()
    seq = fields.BigIntField()
    element = fields.TextField()
    element_name = fields.TextField()
    element_type = fields.TextField()
    kind = fields.TextField()
    actor = fields.TextField()
    at = fields.DatetimeField()
    entry_id = fields.UUIDField()
    data = fields.JSONField[dict[str, object]]()

    class Meta:
        """Where the table lives."""

        schema = "workflows"
        table = "step"
        unique_together = (("case_id", "seq"),)


class Task(Model):
    """A user task, open or done. `kernel_id` is its id inside the case's state."""

    id = fields.UUIDField(primary_key=True)
    case_id = fields.UUIDField()
    kernel_id = fields.TextField()
    element = fields.TextField()
    name = fields.TextField()
    state = fields.CharField(max_length=20)
    form_id = fields.TextField(null=True)
    four_eyes = fields.TextField(null=True)
    candidate_groups = ArrayField(element_type="text")
    candidate_users = ArrayField(element_type="text")
    assignee = fields.TextField(null=True)
    delegators = ArrayField(element_type="text")
    priority = fields.IntField()
    due = fields.DatetimeField(null=True)
    follow_up = fields.DatetimeField(null=True)
    overdue_since = fields.DatetimeField(null=True)
    escalate_to = ArrayField(element_type="text")
    variables = fields.JSONField[dict[str, object]]()
    created_at = fields.DatetimeField()
    completed_at = fields.DatetimeField(null=True)
    completed_by = fields.TextField(null=True)
    # The version whose form it shows, when its case has gone over to another one since it opened.
    form_definition_id = fields.UUIDField(null=True)
    requires_signature = fields.BooleanField(default=False, db_default=False)

    class Meta:
        """Where the table lives."""

        schema = "workflows"
        table = "task"
        unique_together = (("case_id", "kernel_id"),)


class TaskComment(Model):
    """A remark about a task, with the ledger entry that commits to it."""

    id = fields.UUIDField(primary_key=True)
    task_id = fields.UUIDField(db_index=True)
    author = fields.TextField()
    text = fields.TextField()
    at = fields.DatetimeField()
    entry_id = fields.UUIDField()

    class Meta:
        """Where the table lives."""

        schema = "workflows"
        table = "task_comment"


class TaskDraft(Model):
    """What a person has filled in so far; it is gone when the task is over."""

    id = fields.UUIDField(primary_key=True)
    task_id = fields.UUIDField(db_index=True)
    person = fields.TextField()
    answers = fields.JSONField[dict[str, object]]()
    saved_at = fields.DatetimeField()

    class Meta:
        """Where the table lives."""

        schema = "workflows"
        table = "task_draft"


class Incident(Model):
    """An effect that failed, or an expression that could not be evaluated, at its token."""

    id = fields.UUIDField(primary_key=True)
    case_id = fields.UUIDField()
    kernel_id = fields.TextField()
    element = fields.TextField()
    code = fields.TextField()
    message = fields.TextField()
    state = fields.CharField(max_length=20)
    raised_at = fields.DatetimeField()
    resolved_at = fields.DatetimeField(null=True)

    class Meta:
        """Where the table lives."""

        schema = "workflows"
        table = "incident"
        unique_together = (("case_id", "kernel_id"),)


class Subscription(Model):
    """A message that a case waits for."""

    id = fields.UUIDField(primary_key=True)
    case_id = fields.UUIDField()
    kernel_id = fields.TextField()
    element = fields.TextField()
    message = fields.TextField()
    key = fields.TextField()

    class Meta:
        """Where the table lives."""

        schema = "workflows"
        table = "subscription"
        unique_together = (("case_id", "kernel_id"),)
        indexes = (("message", "key"),)


class SignalSubscription(Model):
    """A signal that a case waits for."""

    id = fields.UUIDField(primary_key=True)
    case_id = fields.UUIDField()
    kernel_id = fields.TextField()
    element = fields.TextField()
    signal = fields.TextField()

    class Meta:
        """Where the table lives."""

        schema = "workflows"
        table = "signal_subscription"
        unique_together = (("case_id", "kernel_id"),)
        indexes = (("signal",),)


class Message(Model):
    """A message that came before a case waits for it; the next burst that waits takes it."""

    id = fields.UUIDField(primary_key=True)
    case_id = fields.UUIDField(db_index=True, null=True)
    name = fields.TextField()
    key = fields.TextField()
    variables = fields.JSONField[dict[str, object]]()
    received_at = fields.DatetimeField()
    state = fields.TextField()
    actor = fields.TextField()
    expires_at = fields.DatetimeField(null=True)
    sendings = fields.IntField()

    class Meta:
        """Where the table lives."""

        schema = "workflows"
        table = "message"


class CalledCase(Model):
    """A case that a call activity of another one runs; `wait` is the number of the kernel's job there."""

    child_id = fields.UUIDField(primary_key=True)
    parent_id = fields.UUIDField()
    wait = fields.BigIntField()
    attempt = fields.IntField()
    element = fields.TextField()
    depth = fields.IntField()
    started_by = fields.UUIDField()
    awaited = fields.BooleanField(default=True)
    ended = fields.BooleanField(default=False)

    class Meta:
        """Where the table lives."""

        schema = "workflows"
        table = "called_case"
        unique_together = (("parent_id", "wait", "attempt"),)


class RetryItem(Model):
    """One incident of an `incident.retry-many`, with the command that retries it; what is closed has none."""

    id = fields.UUIDField(primary_key=True)
    batch_id = fields.UUIDField()
    position = fields.IntField()
    incident_id = fields.UUIDField()
    command_id = fields.UUIDField(null=True)

    class Meta:
        """Where the table lives."""

        schema = "workflows"
        table = "retry_item"
        unique_together = (("batch_id", "position"),)


class MigrationBatch(Model):
    """Many cases that are to go over to another version.

    `trying` out, `planned`, `running` once a second person has started it; `paused`, `done` or `cancelled`.
    """

    id = fields.UUIDField(primary_key=True)
    product = fields.TextField()
    definition_id = fields.UUIDField()
    plan = fields.TextField(null=True)
    wanted = fields.JSONField[dict[str, object]]()
    reason = fields.TextField()
    state = fields.TextField()
    cases = fields.IntField()
    # Cases that fit, too, but were too many.
    left_out = fields.IntField()
    planned_by = fields.TextField()
    planned_at = fields.DatetimeField()
    start_command = fields.UUIDField(null=True)
    started_by = fields.TextField(null=True)
    started_at = fields.DatetimeField(null=True)
    finished_at = fields.DatetimeField(null=True)
    # Its entries in the ledger's stream `migration:<id>`.
    entries = fields.IntField(db_default=0)

    class Meta:
        """Where the table lives."""

        schema = "workflows"
        table = "migration_batch"


class Challenge(Model):
    """A nonce that was given to a person to sign; it is gone once it is used."""

    nonce = fields.CharField(primary_key=True, max_length=32)
    account = fields.TextField()
    subject = fields.TextField()
    expires_at = fields.DatetimeField()

    class Meta:
        """Where the table lives."""

        schema = "workflows"
        table = "challenge"
