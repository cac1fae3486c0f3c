# SPDX-License-Identifier: Apache-2.0
"""OpenMetadata's own client and connectors, unmodified, against real servers of ours."""
