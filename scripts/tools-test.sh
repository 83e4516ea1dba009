#!/usr/bin/env bash
# Tries a folder that scripts/tools.sh made, in a root that has nothing else: no shell, no libc, no git, no /etc/passwd,
# a user that nobody knows, and a root that cannot be written. The agent clones over http, runs a command, starts VS Code
# and says that it is ready; a terminal opens and git commits and pushes.
#
#   scripts/tools-test.sh FOLDER
#
# Needs root, or a kernel that lets users make namespaces.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
. "$here/lib.sh"

tools=$(cd "${1:?usage: scripts/tools-test.sh FOLDER}" && pwd)
work=$(mktemp -d)
served='' agent=''
# The server, and with its first process all of the namespace's, end with this script whatever happens.
finish() {
    [ -z "$agent" ] || pkill -KILL -P "$agent" || true
    [ -z "$served" ] || kill "$served" 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

say "something to clone"
mkdir -p "$work/served" "$work/root"/{.dormer,proc,dev,tmp,home,projects,run,task}
git init -q -b main "$work/source"
printf 'hello\n' >"$work/source/file"
git -C "$work/source" add file
git -C "$work/source" -c user.name=a -c user.email=a@example.test commit -qm first
git clone -q --bare "$work/source" "$work/served/app.git"
git -C "$work/served/app.git" update-server-info
cat >"$work/serve.py" <<'PYTHON'
import functools, http.server, sys
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[1])
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler)
print(server.server_port, flush=True)
server.serve_forever()
PYTHON
python3 "$work/serve.py" "$work/served" >"$work/port" 2>/dev/null &
served=$!
for _ in $(seq 100); do [ -s "$work/port" ] && break; sleep 0.1; done
port=$(cat "$work/port")

editor=''
[ ! -d "$tools/editor" ] || editor='"editor": {"adapter": "vscode-server", "program": ["/.dormer/editor/node",
    "/.dormer/editor/vscode/out/server-main.js"], "data": "/home/editor", "extensions": "/.dormer/extension"},'
cat >"$work/root/task/main.json" <<JSON
{"workspace": "bare", "instance": "tools-test", "container": "main", "door": "unix:/run/door/main.sock",
 "home": "/home", "projectsRoot": "/projects", "workingDir": "/projects/app", "logs": "/run/logs", "run": "/run/main",
 "tools": "/.dormer", "wholeNetwork": true, "env": [], $editor
 "projects": [{"name": "app", "path": "app", "remotes": [{"name": "origin", "url": "http://127.0.0.1:$port/app.git"}]}],
 "commands": [{"id": "check", "exec": {"line": "set -ex; cat file; id; env; git log --oneline; git -c user.name=u -c user.email=u@example.test commit --allow-empty -qm second; git -c alias.x='!echo a-shell-of-gits' x; git submodule status; mkdir -p /home/remote && git init -q --bare /home/remote && git push -q /home/remote HEAD; ssh -V; ssh -o BatchMode=yes -o ConnectTimeout=1 -p 9 127.0.0.1 || true; ls | grep file | sed s/file/all-is-well/"}}],
 "events": {"preStart": ["check"]}}
JSON
cat >"$work/root/task/terminal.js" <<'JS'
const pty = require('/.dormer/editor/vscode/node_modules/node-pty');
const terminal = pty.spawn('/.dormer/bin/sh', ['-c', 'test -t 0 && echo a-terminal; sleep 1'], {});
terminal.onData(data => process.stdout.write(data));
terminal.onExit(({ exitCode }) => process.exit(exitCode));
JS
# As a container's runtime does: own mounts, a root that is read-only but for a few folders, a user, the agent as the
# first process of its namespace.
cat >"$work/inside.sh" <<'SH'
set -e
root=$1 tools=$2
mount --bind "$root" "$root"
mount --bind "$tools" "$root/.dormer"
mount -t proc proc "$root/proc" 2>/dev/null || mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
for folder in tmp home projects run; do
    mount -t tmpfs -o mode=1777 tmpfs "$root/$folder"
done
mount -o remount,bind,ro "$root" 2>/dev/null || true
exec chroot --userspec="$3" "$root" /.dormer/bin/env -i PATH=/usr/bin:/bin /.dormer/bin/dormer-agent run --assignment /task/main.json
SH
chmod -R a+rX "$work"
user=1000650000:1000650000 map=()
if [ "$(id -u)" != 0 ]; then
    # A user of a namespace is the only one that may be had there.
    user=0:0 map=(--map-root-user)
fi
say "an agent in an empty root"
unshare "${map[@]}" --mount --pid --fork --kill-child --propagation private \
    sh "$work/inside.sh" "$work/root" "$tools" "$user" >"$work/agent.log" 2>&1 &
agent=$!

# Runs something beside the agent.
beside() {
    local first
    first=$(pgrep -P "$agent" | head -1)
    nsenter --target "$first" ${map[@]:+--user --preserve-credentials} --mount --pid --root \
        /.dormer/bin/env -i PATH=/.dormer/bin HOME=/home sh -c 'cd / && exec "$@"' sh "$@"
}
failed() {
    cat "$work/agent.log" >&2
    for log in agent clone check editor; do
        printf -- '--- %s\n' "$log" >&2
        beside cat "/run/logs/$log.log" >&2 || true
    done
    die "$1"
}
word=''
for _ in $(seq 600); do
    kill -0 "$agent" 2>/dev/null || failed "the agent has ended"
    word=$(beside dormer-agent health --assignment /task/main.json 2>/dev/null) || true
    case "$word" in ready) break ;; failed) failed "the start failed" ;; esac
    sleep 0.2
done
[ "$word" = ready ] || failed "it does not become ready: $word"
check=$(beside cat /run/logs/check.log)
for expected in hello all-is-well a-shell-of-gits "refused" "SHELL=/.dormer/bin/sh" "USER=user" "HOME=/home" \
    "SSL_CERT_FILE=/.dormer/etc/ssl/certs/ca-certificates.crt"; do
    case "$check" in *"$expected"*) ;; *) failed "'$expected' is missing in what the command said" ;; esac
done
if [ -d "$tools/editor" ]; then
    opened=$(beside /.dormer/editor/node /task/terminal.js 2>&1) || true
    case "$opened" in
    *a-terminal*) ;;
    *) failed "no terminal opens: $opened" ;;
    esac
fi
# TERM is an orderly stop.
first=$(pgrep -P "$agent" | head -1)
kill -TERM "$first"
wait "$agent" || failed "the agent did not end well"
say "all is well in a root with nothing but the tools"
