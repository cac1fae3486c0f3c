# SPDX-License-Identifier: Apache-2.0
"""Headwater beside other systems, on one machine and in one run: ``make bench``.

Every number is a rate or a ratio against something real that was measured in the same run, in rounds that take turns
(A B A B …), so that a machine which is slow for a while is slow for both. Nothing here passes or fails by time.
"""
