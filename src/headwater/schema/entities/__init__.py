# SPDX-License-Identifier: Apache-2.0
"""One module per family of entity types; every ``EntityType`` value in them is part of the catalogue."""
