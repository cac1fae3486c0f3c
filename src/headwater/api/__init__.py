# SPDX-License-Identifier: Apache-2.0
"""HTTP: parse a request, call the catalogue, render the answer. One application serves the network and embedded use."""
