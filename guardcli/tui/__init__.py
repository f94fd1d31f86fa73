"""The terminal user interface: who runs what, what waits for a person, what was recorded.

`app` puts it together; `screens` holds one screen a file, `widgets` what several of them are made of; `source` is the
one place that speaks to the API, always in a thread; `recording` fetches a recording while it is looked at.

What was recorded reaches the reviewer's terminal as text that can only be seen (`playback.text`), or through a
terminal of its own (`playback.terminal`).
"""
