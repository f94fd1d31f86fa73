"""The agent of the attacks: tries everything and says what it gained."""

import files
import frames
import kept
import later
import processes
import tools
from attempt import main

assert files and frames and kept and later and processes and tools
main()
