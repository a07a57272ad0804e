# What the tests of the command share. Source it first: it makes a folder of its own to work in,
# which goes when the test ends.
#
#   run ARG...             runs metaclip; leaves $code, and its output in the files out and err
#   expect CODE ARG...     run, and the exit code must be this
#   killed_after SECONDS ARG...   runs metaclip, and kills it then if it is still there
#   says FILE TEXT         the file holds the text
#   same GOT WANT          two files are equal
#   golden NAME            out equals NAME.stdout.exact beside the test (METACLIP_UPDATE=1 rewrites)
#   equal GOT WANT WHAT    two words are equal
#   skip WHY               ends the test as skipped
set -u
export LC_ALL=C.UTF-8
RANDOM=1 # the same fixtures in every run

: "${METACLIP:?the path of the command to test}"
: "${METACLIP_SOURCE:?the root of the source tree}"
here=$METACLIP_SOURCE/tests/cli
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

fail() {
    printf 'FAILED: %s\n' "$1" >&2
    [[ ! -s err ]] || head -c 2000 err | sed 's/^/  stderr: /' >&2
    exit 1
}

skip() {
    printf 'skipped: %s\n' "$1"
    exit 77
}

run() {
    shown="metaclip $*"
    "$METACLIP" "$@" > out 2> err < /dev/null
    code=$?
}

expect() {
    local want=$1
    shift
    run "$@"
    ((code == want)) || fail "$shown: exit code $code, want $want"
}

killed_after() {
    local seconds=$1
    shift
    (timeout -s KILL "$seconds" "$METACLIP" "$@" || :) > out 2>&1 # or the shell would tell of it
}

says() {
    grep -qF -e "$2" "$1" || fail "${shown-}: $1 does not say: $2"
}

same() {
    cmp -s "$1" "$2" && return
    diff "$1" "$2" | head -20 >&2
    fail "${shown-}: $1 is not $2"
}

golden() {
    if [[ ${METACLIP_UPDATE-} ]]; then
        cp out "$here/$1.stdout.exact"
    fi
    same out "$here/$1.stdout.exact"
}

equal() {
    [[ $1 == "$2" ]] || fail "$3: got $1, want $2"
}

# The names of all commands, from the overview.
commands() {
    "$METACLIP" help | sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p'
}

# The options of a command as its help heads them: -o and --output, one a line.
options_of() {
    "$METACLIP" help "$1" | sed -n '/^Options:/,$p' | grep -E '^ {2,6}-' |
        sed -E 's/^ *//; s/(  | [A-Z]| [a-z0-9_]+[|,]).*//; s/\[=.*//; s/, /\n/g'
}
