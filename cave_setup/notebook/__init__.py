"""The wizard in a notebook: `widget` talks to the browser, `view` says what to draw, `wizard.js` draws it.

Nothing in here decides what is done or wrong; that is `cave_setup.plan`.
"""
