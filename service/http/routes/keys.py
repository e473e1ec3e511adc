"""API keys: made once, shown once."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Path

from service.http.auth import Admin, StateDep
from service.http.desk_schemas import CreatedKey, KeyList, KeyOut, NewKey
from service.http.errors import documented

router = APIRouter(tags=["keys"], responses=documented(401, 403))
Prefix = Annotated[str, Path(max_length=16, description="The visible beginning of the key")]


@router.get("/v1/keys")
def list_keys(state: StateDep, admin: Admin) -> KeyList:
    """Every key, without its secret part."""
    return KeyList(keys=[KeyOut.model_validate(key) for key in state.runtime.keys.list()])


@router.post("/v1/keys", status_code=201)
def create_key(body: NewKey, state: StateDep, admin: Admin) -> CreatedKey:
    """A new key. Keep it: it is never shown again."""
    key, kept = state.runtime.keys.create(body.name, body.scopes)
    return CreatedKey.model_validate({**asdict(kept), "key": key})


@router.delete("/v1/keys/{prefix}", responses=documented(404))
def revoke_key(prefix: Prefix, state: StateDep, admin: Admin) -> KeyOut:
    """Stop a key from working, within seconds everywhere."""
    return KeyOut.model_validate(state.runtime.keys.revoke(prefix))
