"""The web page: the API's own data for people, rendered here, with as little script as can be.

* `access`: who looks; the cookie, the forms' proof of origin
* `headers`: what a browser is told about every answer
* `view`: templates, and how recorded text becomes inert HTML
* `overview`, `policies`: the numbers of the pages of those names
* `pages`, `decisions`, `oidc`, `players`: the routes; they read what the API's routes read, under the same rights
* ``static/``: the style, the little script, and two libraries with their licences
"""
