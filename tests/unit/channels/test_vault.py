import pytest
from pydantic import SecretStr

from service.channels.vault import Vault
from service.errors import BadSetting

KEY, OTHER = SecretStr("k" * 32), SecretStr("o" * 32)


def test_tokens_come_back_with_the_same_key_alone() -> None:
    sealed = Vault(KEY).seal("token")
    assert b"token" not in sealed
    assert Vault(KEY).open(sealed) == "token"
    with pytest.raises(BadSetting, match="VIFAQ_SECRET_KEY"):
        Vault(OTHER).open(sealed)


def test_a_pseudonym_depends_on_person_account_and_key() -> None:
    names = {
        Vault(key).pseudonym("zalo_oa", account, user)
        for key in (KEY, OTHER)
        for account in ("a", "b")
        for user in ("u1", "u2")
    }
    assert len(names) == 8
    assert Vault(KEY).pseudonym("zalo_oa", "a", "u1") in names


def test_there_is_no_vault_without_a_key() -> None:
    with pytest.raises(BadSetting, match="VIFAQ_SECRET_KEY"):
        Vault(None)
