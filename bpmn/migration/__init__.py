"""Migration: an instance goes over to another version of its model, and goes on there.

plan = plan_migration(old, new)                 what becomes what; may be changed, kept, read again
report = dry_run(state, plan, new, at)          per token: where it goes, or why it cannot
state, events = (done := migrate(state, plan, new, at)).state, done.events
"""
