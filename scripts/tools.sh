#!/usr/bin/env bash
# Makes the folder of tools that every container of a workspace gets as /.dormer: the agent, VS Code, and what an image
# may lack (docs/tools.md says what and why). Prints the folder.
#
#   scripts/tools.sh FOLDER --agent FILE [--editor FOLDER]
#
# Everything in it runs in any x86-64 Linux image, with no libc of the image's and under any user: but only at
# /.dormer, since a program has to name its loader by a whole path. Made on Debian, from Debian's own packages; no root
# is needed. It comes whole or not at all.
#
#   --editor FOLDER   what scripts/editor.sh made; it is run to make one where none is named. `none`: without an editor
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/lib.sh
. "$here/lib.sh"

# Where the folder will be.
root=/.dormer

target='' agent='' editor=''
while [ $# -gt 0 ]; do
    case "$1" in
    --agent) agent=${2:?--agent needs a file}; shift 2 ;;
    --editor) editor=${2:?--editor needs a folder}; shift 2 ;;
    -*) die "no such option: $1" ;;
    *) [ -z "$target" ] || die "one folder only"; target=$1; shift ;;
    esac
done
[ -n "$target" ] || die "usage: scripts/tools.sh FOLDER --agent FILE [--editor FOLDER]"
[ -f "$agent" ] || die "no such agent: '$agent'; scripts/build.sh makes one"
[ ! -e "$target" ] || die "$target exists: move it away"
case "$(ldd "$agent" 2>&1)" in
*'not a dynamic executable'* | *'statically linked'*) ;;
*) die "$agent needs libraries that an image may not have: it has to be static (scripts/build.sh)" ;;
esac
[ -n "$editor" ] || editor=$("$here/editor.sh")
for need in apt-get dpkg dpkg-query ldd git ssh python3; do
    have "$need" || die "$need is missing: run scripts/setup.sh"
done

mkdir -p "$(dirname "$target")"
work=$(mktemp -d "$(dirname "$target")/.making-tools.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
out=$work/out
mkdir -p "$out"/{bin,lib,libexec,share,etc/ssl/certs}

# A program of a package that need not be installed here.
from_package() { # PACKAGE PATH
    local package=$1 path=$2
    if dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed; then
        printf '%s\n' "$path"
        return
    fi
    mkdir -p "$work/packages/$package"
    (cd "$work/packages/$package" && apt-get -qq download "$package" 2>/dev/null && dpkg -x ./*.deb .) >&2 ||
        die "the package $package cannot be fetched: apt-get update, or install it"
    printf '%s\n' "$work/packages/$package$path"
}
patchelf=$(from_package patchelf /usr/bin/patchelf)
busybox=$(from_package busybox-static /bin/busybox)

is_elf() { [ "$(head -c 4 "$1" | tr -d '\0')" = $'\x7fELF' ]; }

# Brings along what a program or a library is linked with.
libraries() { # FILE
    local name path
    ldd "$1" 2>/dev/null | while read -r name _ path _; do
        case "$name" in
        /*ld-linux*) path=$name name=$(basename "$name") ;;
        linux-vdso* | statically) continue ;;
        esac
        [ "$path" != not ] || die "$1 needs $name, which is not here"
        [ -e "$out/lib/$name" ] || install -m 755 "$path" "$out/lib/$name"
    done
}

# Makes a program look for loader and libraries in our folder, whatever LD_LIBRARY_PATH says.
relocate() { # FILE
    libraries "$1"
    "$patchelf" --set-interpreter "$root/lib/ld-linux-x86-64.so.2" --force-rpath --set-rpath "$root/lib" "$1"
}

say "shell and agent"
install -m 755 "$agent" "$out/bin/dormer-agent"
install -m 755 "$busybox" "$out/bin/busybox"
# Not all that busybox can be: a program's presence tells scripts what kind of system they are on (rpm, dpkg), and what
# only root can do is of no use.
applets="[ ar ash awk base64 basename bc bunzip2 bzcat bzip2 cal cat chgrp chmod chown clear cmp comm cp cpio cut date dc dd df diff
dirname du echo ed egrep env expand expr factor false fgrep find fold free grep groups gunzip gzip head hexdump hostname
id install ionice join kill killall less ln logname ls lzcat lzma md5sum mkdir mkfifo mktemp more mv nc netstat nice nl
nohup nproc nslookup od paste patch pgrep pidof ping pkill printenv printf ps pwd readlink realpath renice reset rev rm
rmdir sed seq setsid sh sha1sum sha256sum sha512sum shuf sleep sort split stat strings stty sum sync tac tail tar tee
telnet test time timeout top touch tr traceroute true truncate tty uname uncompress unexpand uniq unlink unlzma unxz
unzip uptime usleep uudecode uuencode vi watch wc wget which who whoami xargs xxd xz xzcat yes zcat"
has=" $("$busybox" --list | tr '\n' ' ') "
for applet in $applets; do
    case "$has" in *" $applet "*) ln -s busybox "$out/bin/$applet" ;; esac
done

say "git and ssh"
core=$(git --exec-path)
mkdir -p "$out/libexec/git-core"
for file in "$core"/*; do
    name=$(basename "$file")
    case "$name" in
    # What needs Perl, a mail server or a web server, or serves others.
    git-add--interactive | git-instaweb | git-daemon | git-http-backend | git-imap-send | git-cvs* | git-svn | \
        git-send-email | git-shell | git-http-push | scalar | git-archimport | git-p4 | git-filter-branch) continue ;;
    esac
    if [ -L "$file" ]; then
        case "$(readlink "$file")" in
        git | git-remote-http) cp -P "$file" "$out/libexec/git-core/$name" ;;
        # Debian's git-core/git may lead to /usr/bin/git, or the other way round.
        *) cp -L "$file" "$out/libexec/git-core/$name" ;;
        esac
    else
        cp -R "$file" "$out/libexec/git-core/$name"
    fi
done
for file in "$out"/libexec/git-core/*; do
    [ -f "$file" ] && [ ! -L "$file" ] || continue
    if is_elf "$file"; then
        relocate "$file"
        # git runs hooks and helpers by the shell that it was built with. A name without a folder it looks up in PATH,
        # where our shell is the last.
        python3 - "$file" <<'PYTHON'
import sys
path = sys.argv[1]
data = open(path, 'rb').read()
old, new = b'\0/bin/sh\0', b'\0sh\0\0\0\0\0\0'
if data.count(old) != 1:
    sys.exit(f'{path}: its shell is named {data.count(old)} times, not once')
open(path, 'wb').write(data.replace(old, new))
PYTHON
    else
        sed -i "1s|^#! */bin/sh|#!$root/bin/sh|" "$file"
    fi
done
mkdir -p "$out/share/git-core/templates"/{branches,hooks,info}
cp /usr/share/git-core/templates/description "$out/share/git-core/templates/"
cp /usr/share/git-core/templates/info/exclude "$out/share/git-core/templates/info/"
cat >"$out/bin/git" <<SCRIPT
#!$root/bin/sh
# git looks for its parts where it was installed, which is not here.
export GIT_EXEC_PATH=$root/libexec/git-core GIT_TEMPLATE_DIR=$root/share/git-core/templates
if [ -z "\${GIT_SSL_CAINFO:-}" ]; then
    for bundle in "\${SSL_CERT_FILE:-}" /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt \\
        /etc/ssl/ca-bundle.pem /etc/ssl/cert.pem $root/etc/ssl/certs/ca-certificates.crt; do
        if [ -s "\$bundle" ]; then
            export GIT_SSL_CAINFO="\$bundle"
            break
        fi
    done
fi
exec $root/libexec/git-core/git "\$@"
SCRIPT
chmod 755 "$out/bin/git"
for name in ssh ssh-keygen ssh-add; do
    install -m 755 "$(readlink -f "$(command -v "$name")")" "$out/libexec/$name"
    relocate "$out/libexec/$name"
    cat >"$out/bin/$name" <<SCRIPT
#!$root/bin/sh
# ssh insists on a name for the user. Where the system has none, the agent has written one down.
if [ -r "\${NSS_WRAPPER_PASSWD:-}" ]; then
    export LD_PRELOAD=$root/lib/libnss_wrapper.so
fi
exec $root/libexec/$name "\$@"
SCRIPT
    chmod 755 "$out/bin/$name"
done
wrapper=$(from_package libnss-wrapper /usr/lib/x86_64-linux-gnu/libnss_wrapper.so)
libraries "$wrapper"
install -m 755 "$wrapper" "$out/lib/libnss_wrapper.so"

say "certificates"
# The public ones, from the package: not what this machine trusts besides.
find /usr/share/ca-certificates/mozilla -name '*.crt' -print0 2>/dev/null | sort -z | xargs -0 -r cat \
    >"$out/etc/ssl/certs/ca-certificates.crt"
[ -s "$out/etc/ssl/certs/ca-certificates.crt" ] || die "the package ca-certificates is not installed"

mkdir "$out/extension"
cp "$here/../editor-extension/"{package.json,extension.js} "$out/extension/"

if [ "$editor" != none ]; then
    say "editor"
    [ -f "$editor/vscode/out/server-main.js" ] || die "$editor is no editor"
    mkdir "$out/editor"
    install -m 755 "$(readlink -f "$editor/node")" "$out/editor/node"
    relocate "$out/editor/node"
    mkdir "$out/editor/vscode"
    # What is only there to debug, to build, for other systems, or for a service that a gateway does not offer (an
    # assistant's programs, 220 MB of them) stays behind: a new node is to have its workspaces soon.
    (cd "$editor/vscode/" && tar -cf - \
        --exclude='*.map' --exclude='*.pdb' --exclude='*.d.ts' --exclude='*.d.mts' --exclude='*.o' --exclude='*.a' \
        --exclude='./node' --exclude='obj.target' --exclude='*win32*' --exclude='*darwin*' --exclude='*-musl' \
        --exclude='linux-arm*' --exclude='linux-ia32' --exclude='linux-ppc64' --exclude='linux-riscv64' \
        --exclude='linux-s390x' --exclude='./node_modules/@github/copilot-sdk*' \
        --exclude='./node_modules/@microsoft/mxc-sdk' --exclude='./extensions/copilot' --exclude='msal-node-runtime*' --exclude='libmsalruntime*' \
        --exclude='./node_modules/@vscode/sqlite3/deps' --exclude='./node_modules/node-pty/third_party' .) |
        tar -xf - -C "$out/editor/vscode"
    # Native parts are loaded into node, which finds what they are linked with in our folder.
    while IFS= read -r -d '' file; do
        is_elf "$file" && libraries "$file"
    done < <(find "$out/editor/vscode" -type f \( -name '*.node' -o -name '*.so' -o -name '*.so.*' \) -print0)
    # Programs that come with it and are not static.
    while IFS= read -r -d '' file; do
        is_elf "$file" && "$patchelf" --print-interpreter "$file" >/dev/null 2>&1 && relocate "$file"
    done < <(find "$out/editor/vscode" -type f -perm -u+x ! -name '*.node' ! -name '*.so*' -print0)
fi

# A library finds what it is linked with by the program's word, unless it has one of its own.
for file in "$out"/lib/*; do
    [ -z "$("$patchelf" --print-rpath "$file")" ] || "$patchelf" --force-rpath --set-rpath "$root/lib" "$file"
done
chmod -R a+rX,go-w "$out"
mv -T "$out" "$target"
say "$(du -sh "$target" | cut -f1) in $target"
printf '%s\n' "$target"
