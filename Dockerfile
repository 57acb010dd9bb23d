# One image for every service; the command chooses which one runs (see docker-compose.yml).

FROM node:20-bookworm-slim AS ui
WORKDIR /src
COPY ui/package.json ui/package-lock.json ui/
RUN npm --prefix ui ci
COPY graphql/schema.graphql graphql/schema.graphql
COPY ui ui
RUN npm --prefix ui run build

FROM python:3.11-slim-bookworm AS build
RUN pip install --no-cache-dir uv
WORKDIR /src
COPY pyproject.toml uv.lock README.md LICENSE ./
RUN uv sync --frozen --no-dev --no-install-project
COPY core core
COPY proof proof
COPY bpmn bpmn
COPY ledger ledger
COPY scoring scoring
COPY finance finance
COPY workflows workflows
COPY graphql graphql
COPY scf scf
COPY --from=ui /src/scf/web scf/web
RUN uv sync --frozen --no-dev --no-editable

FROM python:3.11-slim-bookworm
# Volumes that are mounted there take their owner from these folders.
RUN useradd --system --create-home --home-dir /var/lib/scf scf \
    && install --directory --owner=scf --group=scf --mode=0700 /var/lib/scf/keys /var/lib/scf/keys/vault
COPY --from=build /src/.venv /src/.venv
ENV PATH=/src/.venv/bin:$PATH PYTHONUNBUFFERED=1 SCF_DATA=/var/lib/scf
USER scf
VOLUME /var/lib/scf
ENTRYPOINT ["scf"]
