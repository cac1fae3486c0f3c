# SPDX-License-Identifier: Apache-2.0
"""What is sent along each way, as its documentation wants it.

A webhook gets one request for each event: the event's JSON, with the event's id and the time in ``webhook-id`` and
``webhook-timestamp``. A secret that begins with ``whsec_`` signs these with the body as Standard Webhooks does; another
one signs the body as OpenMetadata does. Chats and mail get one message for all events of a batch.
"""

import base64
import binascii
import hashlib
import hmac
import smtplib
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

import orjson

from headwater.catalog.alerts.messages import Message
from headwater.catalog.outgoing import Answer, NotSent, Outgoing, Post, headers_of
from headwater.catalog.secrets import MASK
from headwater.schema.base import Document

STANDARD = "whsec_"
JSON = {"Content-Type": "application/json", "User-Agent": "Headwater"}
SLACK_TEXT = 2900
"""Characters that one section of a message in Slack may have."""
SLACK_BLOCKS = 45
GCHAT_TEXT = 4000


class Item(NamedTuple):
    """An event on its way: on the wire, and for people."""

    id: str
    position: int
    event: Document
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """What goes along a lane at once. ``config`` says where; ``addresses`` are those of mail."""

    subject: str
    items: Sequence[Item]
    config: Document
    addresses: Sequence[str] = ()
    timeout: float = 10.0
    read_timeout: float = 12.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """The server that takes our mail: ``smtp://user:password@host:587`` (with STARTTLS where it is offered) or
    ``smtps://…``; and whom mail is from."""

    url: str
    sender: str

    def send(self, parcel: Parcel) -> None:
        """Hand one message over for all addresses."""
        if not parcel.addresses:
            raise NotSent("there is no address to send mail to", final=True)
        note = EmailMessage()
        note["Subject"] = " ".join(parcel.subject.split())
        note["From"] = self.sender
        note["To"] = ", ".join(parcel.addresses)
        note["Date"] = formatdate()
        note["Message-ID"] = make_msgid(domain="headwater")
        note["Auto-Submitted"] = "auto-generated"
        note.set_content("\n\n".join(f"{item.message.when}\n{item.message.text}" for item in parcel.items) + "\n")
        try:
            with self._connect(parcel.timeout) as server:
                refused = server.send_message(note, to_addrs=list(parcel.addresses))
        except smtplib.SMTPRecipientsRefused as error:
            raise NotSent(f"the mail server refused {', '.join(error.recipients)}") from error
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise NotSent(f"mail could not be handed over: {error}") from error
        if refused:
            raise NotSent(f"the mail server refused {', '.join(refused)}")

    def _connect(self, timeout: float) -> smtplib.SMTP:
        parts = urlsplit(self.url)
        host, context = parts.hostname or "localhost", ssl.create_default_context()
        server: smtplib.SMTP
        if parts.scheme == "smtps":
            server = smtplib.SMTP_SSL(host, parts.port or 465, timeout=timeout, context=context)
        else:
            server = smtplib.SMTP(host, parts.port or 25, timeout=timeout)
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls(context=context)
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        return server


# webhooks -------------------------------------------------------------------------------------------------------------


def webhook(outgoing: Outgoing, parcel: Parcel) -> Answer:
    """Post one event."""
    (item,) = parcel.items
    body = orjson.dumps(item.event)
    now = int(time.time())
    headers = {
        **headers_of((parcel.config.get("headers") or {}).items()),
        **JSON,
        "webhook-id": item.id,
        "webhook-timestamp": str(now),
        "X-Headwater-Position": str(item.position),
        **signature(parcel.config, item.id, now, body),
    }
    return outgoing.send(_post(parcel, body, headers, str(parcel.config.get("httpMethod") or "POST")))


def signature(config: Document, message_id: str, now: int, body: bytes) -> dict[str, str]:
    """The header that proves who sent a body; none where there is no secret."""
    auth = config.get("authType") or {}
    secret = auth.get("secretKey") or config.get("secretKey") or ""
    if auth.get("type") == "oauth2":
        raise NotSent("OAuth2 is not spoken; use a secretKey", final=True)
    if not secret:
        return {}
    if secret == MASK:
        raise NotSent(
            "its secret is not known: send it, or see whether this server has the key that it was encrypted with",
            final=True,
        )
    if not secret.startswith(STANDARD):
        return {"X-OM-Signature": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}
    try:
        key = base64.b64decode(secret.removeprefix(STANDARD), validate=True)
    except binascii.Error as error:
        raise NotSent("its secret is not base64 after whsec_", final=True) from error
    signed = hmac.new(key, f"{message_id}.{now}.".encode() + body, hashlib.sha256).digest()
    return {"webhook-signature": f"v1,{base64.b64encode(signed).decode()}"}


def _post(parcel: Parcel, body: bytes, headers: Mapping[str, str], method: str = "POST") -> Post:
    parts = urlsplit(str(parcel.config.get("endpoint") or ""))
    query = [*parse_qsl(parts.query, keep_blank_values=True), *(parcel.config.get("queryParams") or {}).items()]
    return Post(
        url=urlunsplit(parts._replace(query=urlencode(query))),
        body=body,
        headers=headers,
        method=method,
        timeout=parcel.timeout,
        read_timeout=parcel.read_timeout,
    )


# chats ----------------------------------------------------------------------------------------------------------------


def slack(parcel: Parcel) -> Document:
    """The payload of Slack's incoming webhooks."""
    sections = []
    for item in parcel.items[:SLACK_BLOCKS]:
        told = item.message
        title = f"*<{told.link}|{_slack(told.title)}>*"
        text = "\n".join([title, *(f"• {_slack(line)}" for line in told.lines), f"_{told.when}_"])
        sections.append({"type": "section", "text": {"type": "mrkdwn", "text": text[:SLACK_TEXT]}})
    return {"text": _slack(parcel.subject), "blocks": sections}


def _slack(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def teams(parcel: Parcel) -> Document:
    """The payload of the incoming webhooks of Teams' workflows: an adaptive card."""
    body: list[Document] = []
    for item in parcel.items:
        told = item.message
        color = "Attention" if told.major else "Default"
        title = {"type": "TextBlock", "text": told.title, "weight": "Bolder", "wrap": True, "color": color}
        lines = [{"type": "TextBlock", "text": f"- {line}", "wrap": True, "spacing": "None"} for line in told.lines]
        link = {"type": "TextBlock", "text": f"[{told.when}]({told.link})", "isSubtle": True, "wrap": True}
        body += [title, *lines, link]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
    }
    return {
        "type": "message",
        "attachments": [
            {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
        ],
    }


def gchat(parcel: Parcel) -> Document:
    """The payload of Google Chat's incoming webhooks."""
    texts = []
    for item in parcel.items:
        told = item.message
        texts.append("\n".join([f"*{told.title}*", *(f"• {line}" for line in told.lines), told.link]))
    return {"text": "\n\n".join(texts)[:GCHAT_TEXT]}


PAYLOADS: Mapping[str, Callable[[Parcel], Document]] = {"Slack": slack, "MsTeams": teams, "GChat": gchat}


def chat(outgoing: Outgoing, way: str, parcel: Parcel) -> Answer:
    """Post one message for all events of a parcel."""
    body = orjson.dumps(PAYLOADS[way](parcel))
    now = int(time.time())
    headers = {**JSON, **signature(parcel.config, parcel.items[0].id, now, body)}
    return outgoing.send(_post(parcel, body, headers))
