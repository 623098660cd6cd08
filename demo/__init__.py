"""The demonstration: real census data, trained, recorded, served, asked, replaced under load and rolled back.

It does what a person would do with kubectl, and shows every command that a person could repeat.
"""
