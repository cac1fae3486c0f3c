# SPDX-License-Identifier: Apache-2.0
"""Random sequences of changes on a real catalogue, beside an oracle that says what must come of them."""
