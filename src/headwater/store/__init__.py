# SPDX-License-Identifier: Apache-2.0
"""SQL and nothing else: what the catalogue keeps, on SQLite or PostgreSQL."""
