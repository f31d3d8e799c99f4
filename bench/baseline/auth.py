"""The JWT middleware of 001: EdDSA against the issuer's JWKS, and the path's user is the token's."""

import os

import jwt
from fastapi import HTTPException

ISSUER = os.environ["AUTH_ISSUER"]
# Fetched once and kept for the run.
keys = jwt.PyJWKClient(os.environ["JWKS_URL"], cache_keys=True, lifespan=86_400)


def current_user(user_id: str, authorization: str) -> str:
    try:
        token = authorization.removeprefix("Bearer ")
        key = keys.get_signing_key_from_jwt(token).key
        claims = jwt.decode(token, key, algorithms=["EdDSA"], audience=ISSUER, issuer=ISSUER)
    except jwt.PyJWTError as error:
        raise HTTPException(401, "invalid token") from error
    if claims["user_id"] != user_id:
        raise HTTPException(401, "not your path")
    return user_id
