"""The API's room: its tables live in the PostgreSQL schema `api`."""

from core import Room

ROOM = Room("api", "scf_api.models", "scf_api.migrations")
