# SPDX-License-Identifier: Apache-2.0
"""The domain: what the words of the catalogue mean, whatever transport or database is used."""
