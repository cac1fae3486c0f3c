# SPDX-License-Identifier: Apache-2.0
"""Pure data: the shapes of entities, the rules of names, and one declaration for each entity type."""
