"""A security key made of software: its signatures are what a FIDO authenticator makes, with the flags that its owner's
touch sets. Prints the public key and waits for a line; then runs a command with it."""
import asyncio
import hashlib
import struct
import sys

import asyncssh
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils

host, port, user, kind, damage = sys.argv[1:]
APPLICATION = b"ssh:"
TOUCHED = 1


def text(octets):
    return struct.pack(">I", len(octets)) + octets


def number(value):
    return text(value.to_bytes(value.bit_length() // 8 + 1, "big"))


class Authenticator(asyncssh.public_key.SSHKeyPair):
    """One key, of either kind."""

    _key_type = "software security key"

    def __init__(self):
        if kind == "ed25519":
            self.secret = ed25519.Ed25519PrivateKey.generate()
            algorithm = b"sk-ssh-ed25519@openssh.com"
            raw = serialization.Encoding.Raw, serialization.PublicFormat.Raw
            public = text(self.secret.public_key().public_bytes(*raw))
        else:
            self.secret = ec.generate_private_key(ec.SECP256R1())
            algorithm = b"sk-ecdsa-sha2-nistp256@openssh.com"
            point = serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
            public = text(b"nistp256") + text(self.secret.public_key().public_bytes(*point))
        data = text(algorithm) + public + text(APPLICATION)
        super().__init__(algorithm, algorithm, (algorithm,), (algorithm,), data, b"software")
        self.counter = 0

    def sign(self, data):
        self.counter += 1
        state = bytes([TOUCHED]) + struct.pack(">I", self.counter)
        signed = hashlib.sha256(APPLICATION).digest() + state + hashlib.sha256(data).digest()
        if kind == "ed25519":
            signature = self.secret.sign(signed)
        else:
            r, s = utils.decode_dss_signature(self.secret.sign(signed, ec.ECDSA(hashes.SHA256())))
            signature = number(r) + number(s)
        if damage == "another counter":
            state = bytes([TOUCHED]) + struct.pack(">I", self.counter + 1)
        return text(self.algorithm) + text(signature) + state


async def main():
    key = Authenticator()
    public = asyncssh.import_public_key(
        key.algorithm + b" " + __import__("base64").b64encode(key.public_data)
    )
    print(public.export_public_key().decode().strip(), flush=True)
    sys.stdin.readline()
    try:
        async with asyncssh.connect(
            host, int(port), username=user, client_keys=[key], known_hosts=None, agent_path=None,
            preferred_auth="publickey",
        ) as client:
            print((await client.run("echo in")).stdout, end="")
    except asyncssh.PermissionDenied:
        print("refused")


asyncio.run(main())
