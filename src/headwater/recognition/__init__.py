# SPDX-License-Identifier: Apache-2.0
"""What data are about, told from names and values; and how strongly two columns hang together.

Knows nothing of the catalogue: ``names`` and ``values`` answer with kinds of data, ``association`` with figures.
"""
