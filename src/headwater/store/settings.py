# SPDX-License-Identifier: Apache-2.0
"""Settings of the installation, and secrets as ciphertext."""

from headwater.store.database import Session, Transaction


def get(session: Session, name: str) -> str | None:
    """The value of a setting."""
    value = session.queries.setting(session.connection, name=name)
    return None if value is None else str(value)


def put(transaction: Transaction, name: str, value: str) -> None:
    """Set a setting."""
    transaction.queries.put_setting(transaction.connection, name=name, value=value)


def secrets(session: Session, node: int) -> dict[str, str]:
    """The ciphertexts of an entity's secrets by their place in the document."""
    return dict(session.queries.secrets_of(session.connection, entity=node))


def change_secrets(transaction: Transaction, node: int, kept: dict[str, str], dropped: set[str]) -> None:
    """Store and forget secrets of an entity."""
    for path, ciphertext in kept.items():
        transaction.queries.put_secret(transaction.connection, entity=node, path=path, ciphertext=ciphertext)
    for path in dropped:
        transaction.queries.drop_secret(transaction.connection, entity=node, path=path)


def drop_secrets(transaction: Transaction, node: int) -> None:
    """Forget all secrets of an entity."""
    transaction.queries.drop_secrets_of(transaction.connection, entity=node)
