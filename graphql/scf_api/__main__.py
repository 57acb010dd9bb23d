"""`python -m scf_api > graphql/schema.graphql` exports the contract."""

from scf_api.schema.contract import sdl

if __name__ == "__main__":
    print(sdl(), end="")
