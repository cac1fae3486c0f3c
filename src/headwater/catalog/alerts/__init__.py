# SPDX-License-Identifier: Apache-2.0
"""Alerts: who is told of which changes, and that they are told.

    log  →  matching  →  deliveries  →  channels
            once for all   a lane for each    webhooks, chats, mail,
            subscriptions  way to somebody    the activity feed

``matching`` follows the log, asks the conditions of all subscriptions of each event, and notes what is to be sent to
whom in the transaction in which it moves on. ``worker`` takes lanes, sends what waits in them in order, and notes what
came of it. Neither is on the way of a write. A process that is killed leaves its lanes to others, with all in them that
was not noted as sent: what was sent and not noted is sent again.
"""
