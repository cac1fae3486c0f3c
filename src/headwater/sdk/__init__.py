# SPDX-License-Identifier: Apache-2.0
"""The Python client: typed collections over a transport, and capture from training code."""
