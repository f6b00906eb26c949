"""The terminal interface: one cursor, pure models, frozen view models, widgets that only paint.

``session`` holds the moment that is looked at and everything that moves it, without a
terminal. Each folder is a part of the screen: its ``model`` makes the frozen value that
its widget paints.
"""
