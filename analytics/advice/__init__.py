"""What plans cost for usage that is not known yet, and which plans would cost less. Numbers in, numbers out; no Django.

Sizes are bytes, money cents with fractions, all of one currency at a time: amounts of several are never added.
"""
