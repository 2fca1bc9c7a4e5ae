"""What schemathesis sends where OpenAPI asks for a picture: its own strings are none."""

import base64

import numpy as np
import schemathesis
from hypothesis import strategies

from tests.serving import encoded

FACE = encoded(np.zeros((48, 48), np.uint8))
schemathesis.openapi.format("binary", strategies.just(FACE))
schemathesis.openapi.format("byte", strategies.just(base64.b64encode(FACE).decode()))
