"""A client that behaves badly: brings about what its last argument names, shows that another channel of the same
connection still answers, says so, and stays until its input ends."""
import asyncio
import socket
import sys

import asyncssh

host, port, user, secret, what = sys.argv[1:]
held = []


async def stalled(client, command, data):
    """Channels that nobody empties: 99 leave one of the hundred that there may be."""
    for _ in range(99):
        process = await client.create_process(command, encoding=None)
        if data:
            process.stdin.write(data)
        held.append(process)


async def one_byte(client):
    reading = await client.create_process("cat >/dev/null", encoding=None)
    sleeping = await client.create_process("sleep 1000", encoding=None)
    held.extend([reading, sleeping])
    for number in range(30_000):
        reading.stdin.write(b"x")
        sleeping.stdin.write(b"x")
        if number % 500 == 0:
            await asyncio.sleep(0)


async def opens(client):
    """10,000 channels, far more at once than there may be: those are refused, and nothing is left of the others."""

    async def one():
        try:
            channel, _ = await client.create_session(asyncssh.SSHClientSession, "true")
            channel.close()
            await channel.wait_closed()
        except asyncssh.ChannelOpenError:
            pass

    for _ in range(50):
        await asyncio.gather(*(one() for _ in range(200)))


def silent():
    for _ in range(1_000):
        held.append(socket.create_connection((host, int(port))))


async def main():
    async with asyncssh.connect(
        host, int(port), username=user, client_keys=[secret], known_hosts=None, agent_path=None
    ) as client:
        match what:
            case "programs that never read":
                await stalled(client, "sleep 1000", bytes(4 << 20))
            case "a client that never reads":
                await stalled(client, "cat /dev/zero", None)
            case "packets of one octet":
                await one_byte(client)
            case "ten thousand channels":
                await opens(client)
            case "a thousand who say nothing":
                silent()
        # Until what was begun has come to where it stays.
        await asyncio.sleep(2)
        answer = await asyncio.wait_for(client.run("echo alive"), 60)
        print(answer.stdout, end="", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
