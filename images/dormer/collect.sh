# Copies programs with every library that they link into a root of their own.
#
#   collect.sh ROOT PROGRAM…
set -eu
root=$1
shift
mkdir -p "$root/usr"
# As Debian has it: the old places lead into /usr.
for name in bin lib lib64 sbin; do
    mkdir -p "$root/usr/$name"
    ln -s "usr/$name" "$root/$name"
done

# One file: itself, and the name that it was asked for by.
take() {
    real=$(readlink -f "$1")
    case "$1" in
    /bin/* | /lib/* | /lib64/*) name=/usr$1 ;;
    *) name=$1 ;;
    esac
    mkdir -p "$root$(dirname "$real")" "$root$(dirname "$name")"
    [ -e "$root$real" ] || cp -a "$real" "$root$real"
    [ -e "$root$name" ] || ln -s "$real" "$root$name"
}

for program; do
    take "$program"
    for library in $(ldd "$program" | grep -o '/[^ ]*'); do
        take "$library"
    done
done
