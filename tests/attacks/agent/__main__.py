"""The agent of the attacks: tries everything and says what it gained."""

import files
import frames
import later
import processes
import tools
from attempt import main

assert files and frames and later and processes and tools
main()
