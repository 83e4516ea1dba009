"""A client with asyncssh and its own defaults: runs a command, then sends a file there and back."""
import asyncio
import os
import sys

import asyncssh

host, port, user, secret, command = sys.argv[1:]


async def main():
    login = {"client_keys": [secret]} if os.path.exists(secret) else {"password": secret, "client_keys": None}
    async with asyncssh.connect(host, int(port), username=user, known_hosts=None, agent_path=None, **login) as client:
        done = await client.run(command, input=sys.stdin.read())
        sys.stdout.write(done.stdout)
        sys.stderr.write(done.stderr)
        data = bytes(range(256)) * 4096
        async with client.start_sftp_client() as sftp:
            async with sftp.open("by-asyncssh", "wb") as file:
                await file.write(data)
            async with sftp.open("by-asyncssh", "rb") as file:
                assert await file.read() == data
            await sftp.remove("by-asyncssh")
        return done.exit_status


sys.exit(asyncio.run(main()))
