"""Imports each C extension and prints what loaded."""

import json
import platform

import _cffi_backend
import bcrypt
import markupsafe._speedups

password = b"secret"
print(
    json.dumps(
        {
            "arch": platform.machine(),
            "bcrypt": bcrypt.checkpw(password, bcrypt.hashpw(password, bcrypt.gensalt(4))),
            "cffi": _cffi_backend.__version__,
            "markupsafe": markupsafe._speedups.__name__,
        }
    )
)
