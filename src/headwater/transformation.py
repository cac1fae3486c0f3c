# SPDX-License-Identifier: Apache-2.0
"""The words for what becomes of a value on its way from column to column, which all layers share."""

from enum import StrEnum


class Transformation(StrEnum):
    """How a column takes part in another one.

    The words are those of OpenLineage's column lineage facet, and its masking told apart. The first three make the
    value, the next six only decide it, the last two hide it. The earlier word says that more of the value is left.
    """

    IDENTITY = "IDENTITY"
    TRANSFORMATION = "TRANSFORMATION"
    AGGREGATION = "AGGREGATION"
    CONDITIONAL = "CONDITIONAL"
    WINDOW = "WINDOW"
    FILTER = "FILTER"
    SORT = "SORT"
    GROUP_BY = "GROUP_BY"
    JOIN = "JOIN"
    MASKING = "MASKING"
    HASHING = "HASHING"
