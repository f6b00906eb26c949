"""Where tokens come from and where they are left."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from backend.errors import UserError
from backend.gateway.tokens import token_policy
from backend.token_file import (
    find_run_token,
    given_token,
    new_token,
    remove_run_token,
    run_token_path,
    write_run_token,
)
from backend.wire.guard import TokenPolicy

TOKEN = "correct-horse-battery"  # noqa: S105 - of this test


@pytest.fixture(autouse=True)
def runtime_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.delenv("DOUBLETALK_TOKEN", raising=False)
    return tmp_path


def test_a_run_token_is_found_by_its_port_and_by_this_user_only() -> None:
    """0600, found until removed, and not after others could have read it."""
    token = new_token()
    path = write_run_token(8765, token)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert find_run_token(8765) == token
    assert find_run_token(8766) is None
    write_run_token(8765, TOKEN)
    assert find_run_token(8765) == TOKEN
    path.chmod(0o644)
    assert find_run_token(8765) is None
    remove_run_token(8765)
    remove_run_token(8765)
    assert find_run_token(8765) is None


def test_a_prepared_folder_or_link_is_not_trusted(tmp_path: Path) -> None:
    """A shared temporary folder may hold what somebody else put there."""
    write_run_token(1, TOKEN)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("attacker-knows-this")
    run_token_path(2).symlink_to(elsewhere)
    assert find_run_token(2) is None
    write_run_token(2, TOKEN)
    assert elsewhere.read_text() == "attacker-knows-this"
    run_token_path(1).parent.chmod(0o777)
    assert find_run_token(1) is None
    with pytest.raises(UserError, match="not this user's alone"):
        write_run_token(3, TOKEN)


def test_the_users_token_comes_from_the_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file wins; nothing is nothing; what is no token is said so without showing it."""
    assert given_token(None) is None
    monkeypatch.setenv("DOUBLETALK_TOKEN", f" {TOKEN}\n")
    assert given_token(None) == TOKEN
    file = tmp_path / "token"
    file.write_text("another-horse-battery\n")
    assert given_token(file) == "another-horse-battery"
    file.write_bytes(b"\xff\x00secret")
    with pytest.raises(UserError, match=r"the token in .* is no token") as caught:
        given_token(file)
    assert "secret" not in str(caught.value)
    with pytest.raises(UserError, match="cannot read the token file"):
        given_token(tmp_path / "none")


def test_the_policy_follows_the_address(tmp_path: Path) -> None:
    """Free on loopback, required elsewhere, refused elsewhere without one."""
    file = tmp_path / "token"
    file.write_text(TOKEN)
    assert token_policy("127.0.0.1") == TokenPolicy()
    assert token_policy("localhost", file) == TokenPolicy(TOKEN)
    assert token_policy("192.0.2.1", file) == TokenPolicy(TOKEN, required=True)
    with pytest.raises(UserError, match=r"refusing to listen on 192\.0\.2\.1 without a token"):
        token_policy("192.0.2.1")
