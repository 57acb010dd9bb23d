"""The GraphQL API: accounts and sessions, the contract, and the server that answers it.

`create_app` builds the server, `create_account` makes an account; everything else is internal.
"""

from scf_api.room import ROOM

__all__ = ["ROOM"]
