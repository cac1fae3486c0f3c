# SPDX-License-Identifier: Apache-2.0
"""What OpenLineage events say, taken into the catalogue."""
