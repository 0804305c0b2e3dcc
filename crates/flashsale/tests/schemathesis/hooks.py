"""What Schemathesis cannot know from the document: how a token against forged requests is sent."""

import os

import schemathesis
from schemathesis.core.parameters import ParameterLocation

TOKEN = os.environ["CSRF_TOKEN"]


@schemathesis.hook
def before_call(context, case, kwargs):
    if (case.method, case.operation.path) != ("POST", "/api/purchase"):
        return
    # Headers that are wrong on purpose stay as they are.
    if case.meta and case.meta.is_negative_at(ParameterLocation.HEADER):
        return
    case.headers["X-CSRF-Token"] = TOKEN
    case.cookies["csrfToken"] = TOKEN
