"""The risk that a customer leaves. Pure numbers: no Django."""
