# SPDX-License-Identifier: Apache-2.0
"""The engine through its public surface, on both databases."""
