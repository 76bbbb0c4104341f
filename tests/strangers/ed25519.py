"""Ed25519 verification (RFC 8032), written to be read: integers modulo p, points of the curve, one equation.

It is the strict kind that docs/formats.md asks for, on whose answers all careful programs agree: canonical encodings only,
no key of small or mixed order, no R of small order, and the equation without the cofactor. It is slow and signs nothing.
"""

import functools
import hashlib

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
NEUTRAL = (0, 1, 1, 0)


def add(a, b):
    """The sum of two points in extended coordinates (X, Y, Z, T), where x = X/Z, y = Y/Z and xy = T/Z."""
    m = (a[1] - a[0]) * (b[1] - b[0]) % P
    n = (a[1] + a[0]) * (b[1] + b[0]) % P
    t = 2 * D * a[3] * b[3] % P
    z = 2 * a[2] * b[2] % P
    e, f, g, h = n - m, z - t, z + t, n + m
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(scalar, point):
    """The point added to itself so many times."""
    total = NEUTRAL
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point = add(point, point)
        scalar >>= 1
    return total


def same(a, b):
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def decode(text):
    """The point with this encoding; None where it is no point, or not the one encoding of it."""
    number = int.from_bytes(text, "little")
    sign, y = number >> 255, number % 2**255
    if len(text) != 32 or y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x % 2 != sign:
        x = P - x
    return x, y, 1, x * y % P


BASE = decode((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


@functools.lru_cache(maxsize=None)
def key(public):
    """The point of a public key; None for a key that no careful program admits."""
    point = decode(public)
    if point is None or same(point, NEUTRAL) or not same(times(ORDER, point), NEUTRAL):
        return None
    return point


def verify(public, message, signature):
    """Whether the 64 bytes are a good signature of the message."""
    point, r = key(public), decode(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if point is None or r is None or len(signature) != 64 or s >= ORDER or same(times(8, r), NEUTRAL):
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    challenge = int.from_bytes(digest, "little") % ORDER
    return same(times(s, BASE), add(r, times(challenge, point)))
