"""A TPM 2.0, by `tpm2-pytss`: seal some bytes under a PIN, and unseal them."""

from __future__ import annotations

from typing import Any

from tpm2_pytss import ESAPI
from tpm2_pytss.constants import ESYS_TR, TPM2_ALG, TPM2_SE, TPMA_OBJECT, TPMA_SESSION
from tpm2_pytss.types import (
    TPM2B_AUTH,
    TPM2B_PRIVATE,
    TPM2B_PUBLIC,
    TPM2B_SENSITIVE_CREATE,
    TPM2B_SENSITIVE_DATA,
    TPMS_SENSITIVE_CREATE,
    TPMT_PUBLIC,
    TPMT_SYM_DEF,
)

_PARENT = (
    TPMA_OBJECT.USERWITHAUTH
    | TPMA_OBJECT.RESTRICTED
    | TPMA_OBJECT.DECRYPT
    | TPMA_OBJECT.NODA
    | TPMA_OBJECT.FIXEDTPM
    | TPMA_OBJECT.FIXEDPARENT
    | TPMA_OBJECT.SENSITIVEDATAORIGIN
)
_SEALED = TPMA_OBJECT.USERWITHAUTH | TPMA_OBJECT.FIXEDTPM | TPMA_OBJECT.FIXEDPARENT
"""Without NODA: wrong PINs are counted."""


class Tpm:
    """An open TPM; at the end nothing of it is left loaded.

    Parameters
    ----------
    reached : str
        How, as of tpm2-tss: `device:/dev/tpmrm0`, `swtpm:port=2321`.
    """

    def __init__(self, reached: str) -> None:
        self._esapi = ESAPI(reached)
        self._loaded: list[Any] = []

    def __enter__(self) -> Tpm:
        try:
            public = TPM2B_PUBLIC.parse("ecc256:aes128cfb", objectAttributes=_PARENT)
            handle, *_ = self._esapi.create_primary(TPM2B_SENSITIVE_CREATE(), public)
            self._loaded.append(handle)
            self._parent = handle
            self._session = self._esapi.start_auth_session(
                tpm_key=handle,
                bind=ESYS_TR.NONE,
                session_type=TPM2_SE.HMAC,
                symmetric=TPMT_SYM_DEF.parse("aes128cfb"),
                auth_hash=TPM2_ALG.SHA256,
            )
            self._loaded.append(self._session)
            both = TPMA_SESSION.CONTINUESESSION | TPMA_SESSION.ENCRYPT | TPMA_SESSION.DECRYPT
            self._esapi.trsess_set_attributes(self._session, both)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for handle in reversed(self._loaded):
            self._esapi.flush_context(handle)
        self._loaded.clear()
        self._esapi.close()

    def seal(self, data: bytes, pin: bytes) -> dict[str, bytes]:
        """Return the public and the private part of an object that gives `data` for the PIN."""
        template = TPMT_PUBLIC(type=TPM2_ALG.KEYEDHASH, nameAlg=TPM2_ALG.SHA256, objectAttributes=_SEALED)
        template.parameters.keyedHashDetail.scheme.scheme = TPM2_ALG.NULL
        sensitive = TPMS_SENSITIVE_CREATE(userAuth=TPM2B_AUTH(pin), data=TPM2B_SENSITIVE_DATA(data))
        private, public, *_ = self._esapi.create(
            self._parent,
            TPM2B_SENSITIVE_CREATE(sensitive),
            TPM2B_PUBLIC(publicArea=template),
            session1=self._session,
        )
        return {"public": public.marshal(), "private": private.marshal()}

    def unseal(self, public: bytes, private: bytes, pin: bytes) -> bytes:
        """Return what was sealed."""
        handle = self._esapi.load(
            self._parent,
            TPM2B_PRIVATE.unmarshal(private)[0],
            TPM2B_PUBLIC.unmarshal(public)[0],
            session1=self._session,
        )
        self._loaded.append(handle)
        self._esapi.tr_set_auth(handle, pin)
        return bytes(self._esapi.unseal(handle, session1=self._session))
