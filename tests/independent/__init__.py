"""The independent measuring set, written without sight of what the product looks for.

Kept apart from the rest of `tests`: its words come from the domain notes, the notice, general
knowledge and public texts. It is only ever extended, never bent towards the product.
The product is judged on its later sets of words (`wordings_b` to `wordings_e`), which nobody
tunes against before the first figures on them are recorded.
"""
