"""What Schemathesis cannot know from the document: how a token against forged requests is sent, and which
texts are users."""

import itertools
import os

import schemathesis
from schemathesis.core.parameters import ParameterLocation

TOKEN = os.environ["CSRF_TOKEN"]
# Who is signed in, if anybody is.
BUYER = os.environ["BUYER"]
# What changes something, and so asks for the token.
MEANT = ("/api/check", "/api/pass", "/api/purchase")
NUMBERS = itertools.count()


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.method != "POST" or case.operation.path not in MEANT or case.meta is None:
        return
    # What is wrong on purpose stays as it is.
    if not case.meta.is_negative_at(ParameterLocation.HEADER):
        case.headers["X-CSRF-Token"] = TOKEN
        case.cookies["csrfToken"] = TOKEN
    # Few texts that are made up are users, and a sale wants buyers: every other purchase has one.
    if not case.meta.is_negative_at(ParameterLocation.BODY):
        number = next(NUMBERS)
        if number % 2:
            case.body["userId"] = BUYER or f"buyer-{number}"
