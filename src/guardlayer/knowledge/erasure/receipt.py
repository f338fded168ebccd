"""The receipt of an erasure: which stores were asked, what each removed, and what may still hold it.

A receipt does not say of whom: it holds a salted digest of each name, so that whoever knows one can see that it is this
one. It is signed over its canonical JSON (sorted names, no white space, UTF-8) with Ed25519.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from guardlayer.errors import InputError
from guardlayer.knowledge.erasure import keys
from guardlayer.text import key
from guardlayer.types import Erased

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SCHEMA = "guardlayer.erasure/1"


@dataclass(frozen=True, slots=True)
class Taught:
    """A model that is known to have been trained on what was erased, and so may still say it.

    Attributes:
        model: Its name.
        digest: Of its weights, where known.
        dataset: Name or digest of the training data, where known.
    """

    model: str
    digest: str | None = None
    dataset: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an erasure did.

    Attributes:
        id: Its own identifier; the stores that keep a trace of the erasure name it.
        at: When, ISO 8601 in UTC.
        author: Who erased.
        reason: Why.
        salt: 32 hexadecimal digits, drawn for this receipt.
        digests: SHA-256 of the salt and each folded name under which it was looked for: see :meth:`is_of`.
        stores: Each store that was asked, with what it removed.
        tainted: Models known to have been trained on it.
        preview: Whether nothing was changed, and this only says what would be.
        public_key: Of the key it is signed with, Base64; ``None`` while it is not signed.
        signature: Base64.
    """

    id: str
    at: str
    author: str
    reason: str
    salt: str
    digests: tuple[str, ...]
    stores: tuple[Erased, ...]
    tainted: tuple[Taught, ...] = ()
    preview: bool = False
    public_key: str | None = None
    signature: str | None = None

    @property
    def complete(self) -> bool:
        """Whether it was erased everywhere: something was done, and no store says that anything is left."""
        return not self.preview and bool(self.stores) and all(store.complete for store in self.stores)

    @property
    def removed(self) -> int:
        """How many things were removed, over all stores."""
        return sum(sum(store.removed.values()) for store in self.stores)

    def is_of(self, name: str) -> bool:
        """Say whether this is the receipt for ``name``."""
        return digest_of(self.salt, name) in self.digests

    def signed(self, with_key: Ed25519PrivateKey) -> Receipt:
        """Return the receipt, signed."""
        unsigned = replace(self, public_key=keys.public_text(with_key), signature=None)
        return replace(unsigned, signature=keys.sign(with_key, unsigned.canonical()))

    def verify(self, public_key: str | None = None) -> bool:
        """Say whether the receipt is as it was signed.

        Args:
            public_key: Base64; the key it must have been signed with. Without it any key will do, and only a change
                after the signing is found, not who signed.
        """
        if self.signature is None or self.public_key is None or public_key not in (None, self.public_key):
            return False
        return keys.verified(self.public_key, self.signature, replace(self, signature=None).canonical())

    def canonical(self) -> bytes:
        """Return the bytes that are signed."""
        data = self.to_json()
        del data["signature"]
        return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

    def to_json(self) -> dict[str, Any]:
        """Return the receipt as JSON values."""
        return {
            "schema": SCHEMA,
            "id": self.id,
            "at": self.at,
            "author": self.author,
            "reason": self.reason,
            "subject": {"salt": self.salt, "digests": list(self.digests)},
            "complete": self.complete,
            "preview": self.preview,
            "stores": [
                {
                    "store": store.store,
                    "complete": store.complete,
                    "removed": dict(store.removed),
                    "left": list(store.left),
                }
                for store in self.stores
            ],
            "tainted_models": [
                {"model": one.model, "digest": one.digest, "dataset": one.dataset} for one in self.tainted
            ],
            "public_key": self.public_key,
            "signature": self.signature,
        }

    def text(self) -> str:
        """Return the receipt as a JSON document, to be kept."""
        return json.dumps(self.to_json(), ensure_ascii=False, indent=2, sort_keys=True) + "\n"

    @classmethod
    def from_text(cls, text: str) -> Receipt:
        """Read what :meth:`text` wrote.

        Raises:
            InputError: It is no receipt.
        """
        try:
            data = json.loads(text)
            if data.get("schema") != SCHEMA:
                raise InputError(f"is no receipt of an erasure ({SCHEMA}); its schema is {data.get('schema')!r}")
            receipt = cls(
                data["id"], data["at"], data["author"], data["reason"], data["subject"]["salt"],
                tuple(data["subject"]["digests"]),
                tuple(Erased(one["store"], dict(one["removed"]), tuple(one["left"])) for one in data["stores"]),
                tuple(Taught(**one) for one in data["tainted_models"]),
                data["preview"], data["public_key"], data["signature"],
            )  # fmt: skip
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"is no receipt of an erasure ({error})") from error
        if receipt.to_json() != data:
            raise InputError("is no receipt as it was written: a field was added, taken out or changed")
        return receipt

    def __str__(self) -> str:
        head = "preview, nothing was changed" if self.preview else "complete" if self.complete else "NOT COMPLETE"
        lines = [f"Erasure {self.id}: {head}"]
        for store in self.stores:
            removed = ", ".join(f"{count:,} {name}" for name, count in store.removed.items() if count) or "nothing"
            lines.append(f"  {store.store}: removed {removed}")
            lines += [f"    left: {what}" for what in store.left]
        lines += [f"  tainted: {one.model}" + (f" ({one.dataset})" if one.dataset else "") for one in self.tainted]
        if self.signature is None and not self.preview:
            lines.append("  not signed")
        return "\n".join(lines)


def digest_of(salt: str, name: str) -> str:
    """Return the digest by which a receipt names its subject."""
    return hashlib.sha256(f"{salt}:{key(name)}".encode()).hexdigest()
