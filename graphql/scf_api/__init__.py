"""The GraphQL API: accounts and sessions, the contract, and the server that answers it.

`create_app` builds the server, `create_account` makes an account, `authenticate` tells whose password it is;
everything else is internal.
"""

from scf_api.accounts import create_account
from scf_api.app import create_app
from scf_api.roles import ALL_ROLES, Viewer, check_roles
from scf_api.room import ROOM
from scf_api.sessions import authenticate
from scf_api.settings import ApiSettings

__all__ = [
    "ALL_ROLES",
    "ROOM",
    "ApiSettings",
    "Viewer",
    "authenticate",
    "check_roles",
    "create_account",
    "create_app",
]
