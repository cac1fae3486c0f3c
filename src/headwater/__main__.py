# SPDX-License-Identifier: Apache-2.0
"""``python -m headwater`` and the command ``headwater``."""

from headwater.cli import main

if __name__ == "__main__":
    main()
