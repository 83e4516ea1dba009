"""What a session is to a client that sees every message: signals, exits, sizes, modes, ends. Fails by an assertion."""
import asyncio
import sys

import asyncssh

host, port, user, secret = sys.argv[1:]


async def exits(client):
    for command, status, signal in [
        ("exit 0", 0, None),
        ("exit 200", 200, None),
        ("kill -TERM $$", -1, "TERM"),
        ("kill -SEGV $$", -1, "SEGV"),
        ("kill -KILL $$", -1, "KILL"),
    ]:
        done = await client.run(command)
        assert done.exit_status == status, (command, done)
        assert (done.exit_signal and done.exit_signal[0]) == signal, (command, done)


async def signals(client):
    for term in (None, "xterm"):
        for name in ("INT", "USR1", "TERM", "HUP"):
            script = f"trap 'echo got {name}; exit 3' {name}; echo ready; while :; do sleep 0.05; done"
            process = await client.create_process(script, term_type=term)
            assert "ready" in await process.stdout.readline()
            process.send_signal(name)
            done = await process.wait()
            assert f"got {name}" in done.stdout and done.exit_status == 3, (term, name, done)


async def terminals(client):
    size = (80, 24, 640, 480)
    modes = {asyncssh.PTY_ECHO: 0, asyncssh.PTY_VINTR: 7}
    script = (
        "echo $TERM; stty size; stty -a; trap 'stty size; exit 0' WINCH; echo ready; while :; do sleep 0.05; done"
    )
    process = await client.create_process(script, term_type="vt220", term_size=size, term_modes=modes)
    text = ""
    while "ready" not in text:
        text += await process.stdout.readline()
    assert text.startswith("vt220\r\n24 80\r\n"), text
    assert "-echo " in text and "intr = ^G" in text, text
    process.change_terminal_size(132, 43)
    done = await process.wait()
    assert "43 132" in done.stdout, done


async def ends(client):
    # The client has said all; the program has not.
    process = await client.create_process("cat; echo after")
    process.stdin.write("typed")
    process.stdin.write_eof()
    assert (await process.wait()).stdout == "typedafter\n"
    # The program has said all, and still listens.
    process = await client.create_process("exec >&- 2>&-; read line; [ \"$line\" = still ] && exit 9")
    assert await asyncio.wait_for(process.stdout.read(), 30) == ""
    process.stdin.write("still\n")
    assert (await process.wait()).exit_status == 9
    # What a program leaves behind holds its session only as long as it holds its output: then it may have more to say.
    done = await asyncio.wait_for(client.run("(sleep 1; echo late; sleep 1; echo err >&2) & echo now; exit 3"), 30)
    assert (done.stdout, done.stderr, done.exit_status) == ("now\nlate\n", "err\n", 3), done
    done = await asyncio.wait_for(client.run("nohup sleep 1000 >/dev/null 2>&1 & echo $!"), 30)
    assert done.exit_status == 0, done
    await client.run(f"kill {done.stdout}")
    # A terminal ends with the shell that it was made for.
    left = "nohup sleep 1000 >/dev/null & echo $!; disown"
    done = await asyncio.wait_for(client.run(left, term_type="xterm"), 30)
    assert done.exit_status == 0, done
    # It may have ended with the terminal, before it came to ignore that.
    await client.run(f"kill {done.stdout.split()[0]} 2>/dev/null")


async def variables(client):
    env = {"LC_ALL": "C", "LANG": "C", "COLORTERM": "truecolor", "LD_PRELOAD": "/x", "PATH": "/x", "BASH_ENV": "/x"}
    done = await client.run('echo "$LC_ALL $LANG $COLORTERM ${LD_PRELOAD:-none} ${BASH_ENV:-none}"; type ls', env=env)
    assert done.stdout.startswith("C C truecolor none none\n") and "/x" not in done.stdout, done


async def oddities(client):
    process = await client.create_process("echo ready; cat", term_type="xterm")
    await process.stdout.readline()
    process.send_break(500)
    process.stdin.write_eof()
    process.terminate()
    await process.wait()
    # Two requests for one session: the second is refused, the first goes on.
    assert (await client.run("echo fine")).stdout == "fine\n"
    # A command as long as it may be, and octets that are not text.
    long = "true " + "x" * 100_000
    assert (await client.run(long)).exit_status == 0
    done = await client.run("printf '\\377\\376'", encoding=None)
    assert done.stdout == b"\xff\xfe", done


async def main():
    async with asyncssh.connect(
        host, int(port), username=user, client_keys=[secret], known_hosts=None, agent_path=None
    ) as client:
        for part in (exits, signals, terminals, ends, variables, oddities):
            await asyncio.wait_for(part(client), 120)
            print(part.__name__, flush=True)


asyncio.run(main())
