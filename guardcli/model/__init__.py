"""The vocabulary that every other package speaks: frozen values, no I/O, standard library only.

===============  ==========================================================================
``effects``      what an operation can do, from one closed set for all tools
``invocation``   what the shim saw
``operations``   what an invocation would do, as an inspector understood it
``facts``        what an inspector may ask of the world, behind an interface
``decisions``    allow, approve or deny, and the rule that said so
``limits``       how much one response may hold
``windows``      spans of time on the calendar
``approvals``    a person's yes to exact bytes
``events``       entries of the tamper-evident chain
``masking``      what a policy says about masking
``resources``    named targets, and how guard reaches them
``isolation``    what a policy says about the place that an isolated agent runs in
``tools``        what a policy says about tools that guard does not understand by itself
``secrets``      a value that never shows itself
``errors``       the one family of errors, with exit and HTTP statuses
===============  ==========================================================================
"""
