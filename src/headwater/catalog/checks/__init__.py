# SPDX-License-Identifier: Apache-2.0
"""Checks: whether the endpoints, stores and dashboards of what is in production still answer.

``production`` says which entities are looked at, ``looking`` looks at one address, ``service`` notes what came of it
and tells, ``worker`` does that regularly in the server processes, an entity in one of them at a time. Every look is a
row of a table of its own. Only when something went down, or is up again, is that a fact beside the document and an
event.
"""
