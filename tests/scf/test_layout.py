"""What holds the rooms apart, and what is promised about them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import graphql
import yaml
from typer.testing import CliRunner

from scf.cli import COMMANDS, build
from scf.data_folder import DataFolder

ROOT = Path(__file__).resolve().parents[2]


def test_the_folder_graphql_does_not_shadow_the_package_graphql() -> None:
    assert "site-packages" in (graphql.__file__ or "")
    assert not (ROOT / "graphql" / "__init__.py").exists()


def test_the_arrows_between_rooms_point_one_way() -> None:
    checked = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


def test_compose_keeps_to_the_specification() -> None:
    checked = subprocess.run(
        [
            Path(sys.executable).with_name("check-jsonschema"),
            "--builtin-schema",
            "vendor.compose-spec",
            ROOT / "docker-compose.yml",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


def test_every_command_in_compose_exists() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    commands = {
        name: [word for word in service["command"] if not word.startswith("-")]
        for name, service in services.items()
        if service.get("image") == "scf:latest"
    }

    assert {"api", "worker", "relay", "sequencer", "migrate"} <= set(commands)
    for words in commands.values():
        nouns = words[:2] if words[0] in ("serve", "score") else words[:1]
        result = CliRunner().invoke(build(nouns[0]), [*nouns, "--help"])
        assert result.exit_code == 0, result.output


def test_the_api_in_compose_reads_the_vaults_keys_and_no_others() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    own = {
        name: service.get("volumes", [])
        for name, service in services.items()
        if service.get("image") == "scf:latest"
    }
    assert own.pop("scoring") == []
    assert own.pop("api") == ["vault:/var/lib/scf/keys/vault:ro"]
    assert all(volumes == ["keys:/var/lib/scf", "vault:/var/lib/scf/keys/vault"] for volumes in own.values())
    keys = DataFolder(Path("/var/lib/scf")).keys
    assert str(keys / "vault") == "/var/lib/scf/keys/vault"
    made = re.search(r"install .*--owner=scf .*--mode=0700 (.*)", (ROOT / "Dockerfile").read_text())
    assert made is not None
    assert made[1].split() == [str(keys), str(keys / "vault")]


def test_the_list_of_commands_names_only_modules_that_exist() -> None:
    for name in COMMANDS:
        result = CliRunner().invoke(build(name), [name, "--help"])
        assert result.exit_code == 0, result.output
