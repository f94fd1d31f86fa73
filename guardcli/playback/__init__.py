"""What was recorded, for people's eyes: pure, and shared by the command line, the TUI and the web page.

* `asciicast`: reads recordings
* `terminal`: a terminal's screen, which a recording can write to and nothing else
* `dump`: a screen as text that draws it again
* `index`: where in a recording what is, so that a player can begin anywhere
* `timeline`: what an event tells, in a line
* `questions`: what an approval asks of people, in words
* `commands`: what a recorded command line holds
* `text`: recorded text without any effect on a terminal; ages and moments
"""
