"""An invented year: people, the places that care for them, and what goes wrong. It knows no rule and reads no file.

Truth is made here and nowhere else: what strikes whom on which day, and from when on the record could have told.
Everything is of the standard library, so that nothing a rule believes can leak into what it is measured by.
"""
