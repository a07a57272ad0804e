#!/usr/bin/env bash
# Keeps docs/ARCHITECTURE.md true: its table says which room may include which and where each
# foreign header may appear, and this lists what goes against it, in includes and a few other
# house rules. At the end it breaks each rule in a copy, to see that it would be noticed.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")/.."

readonly max_lines=700
readonly libc='assert complex ctype dirent dlfcn errno fcntl fenv float getopt glob inttypes langinfo
    limits locale math netdb poll pthread sched semaphore setjmp signal spawn stdalign stdarg
    stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string strings sysexits termios tgmath
    threads time uchar unistd wchar wctype cpuid emmintrin immintrin'

# The table's rows as "room<TAB>rooms it may include<TAB>foreign headers", from the bottom up.
table() {
    awk -F'|' '/^\| *`[a-z]+` *\|/ {
        gsub(/[` ,]+/, " ")
        for (i = 2; i <= 4; i++) gsub(/^ +| +$/, "", $i)
        print $2 "\t" ($3 == "-" ? "" : $3) "\t" ($4 == "-" ? "" : $4)
    }' docs/ARCHITECTURE.md
}

# The rooms of the table are the folders that exist, and each stands on rooms written before it.
check_rooms() {
    local room below foreign other known=" "
    while IFS=$'\t' read -r room below foreign; do
        [[ -d src/$room ]] || echo "docs/ARCHITECTURE.md: room $room has no folder src/$room"
        for other in $below; do
            [[ $known == *" $other "* ]] ||
                echo "docs/ARCHITECTURE.md: $room stands on $other, which is not below it"
        done
        known+="$room "
    done < <(table | sed 's/\t\t/\t \t/')
    for room in src/*/; do
        room=$(basename "$room")
        [[ $known == *" $room "* ]] || echo "src/$room: not in the table of docs/ARCHITECTURE.md"
    done
}

check_includes() {
    local files
    files=$(find src include cli tests bench fuzz examples -name '*.[ch]' -o -name '*.cc' | sort)
    # shellcheck disable=SC2086
    awk -v libc="$libc" -v rows="$(table | tr '\n' ';')" '
        BEGIN {
            n = split(rows, row, ";")
            for (i = 1; i < n; i++) {
                split(row[i], col, "\t")
                rooms[col[1]] = 1
                may[col[1], col[1]] = 1
                k = split(col[2], below, " ")
                for (j = 1; j <= k; j++) may[col[1], below[j]] = 1
                foreign[col[1]] = " " col[3] " "
            }
            n = split(libc, names, " ")
            for (i = 1; i <= n; i++) standard[names[i] ".h"] = 1
        }
        function wrong(why) { print FILENAME ":" FNR ": " why }
        # The room that a file speaks for; "" sees everything, as tests do: one of text may read
        # its cases with io.
        function room_of(path, part) {
            split(path, part, "/")
            if (part[1] == "src") return part[2]
            if (part[1] == "include") return room_of_public(part[3])
            return ""
        }
        # metaclip/io.h belongs to io; metaclip/error.h to base; metaclip/metaclip.h shows all.
        function room_of_public(name) {
            if (name == "error.h") return "base"
            sub(/\.h$/, "", name)
            return name in rooms ? name : ""
        }
        FNR == 1 {
            room = room_of(FILENAME)
            in_cli = FILENAME ~ /^(cli|examples)\//
            in_public = FILENAME ~ /^include\//
        }
        /^[ \t]*#[ \t]*include[ \t]*"/ {
            match($0, /"[^"]*"/)
            path = substr($0, RSTART + 1, RLENGTH - 2)
            n = split(path, part, "/")
            if (part[1] == "metaclip") {
                other = room_of_public(part[2])
                if (room != "" && other != "" && !((room, other) in may))
                    wrong(room " may not include " path)
            } else if (in_public) {
                wrong("a public header includes " path ", which is not installed")
            } else if (in_cli) {
                if (n > 1) wrong("sees " path ", but only <metaclip/...> is for it")
            } else if (part[1] in rooms) {
                if (room != "" && !((room, part[1]) in may)) wrong(room " may not include " path)
                if (path ~ /_internal\.h$/ && room != "" && room != part[1])
                    wrong(path " is for its own room")
            } else if (FILENAME ~ /^src\//) {
                wrong(path " names no room; write \"room/file.h\"")
            }
        }
        /^[ \t]*#[ \t]*include[ \t]*</ {
            match($0, /<[^>]*>/)
            path = substr($0, RSTART + 1, RLENGTH - 2)
            split(path, part, "/")
            if (path in standard || path !~ /[.\/]/ || part[1] == "sys" || part[1] == "netinet" ||
                part[1] == "arpa" || part[1] == "metaclip")
                next
            name = path ~ /\// ? part[1] "/" : path
            if (FILENAME ~ /^(src|include|cli|examples)\// &&
                (FILENAME !~ /^src\// || index(foreign[room], " " name " ") == 0))
                wrong("<" path "> is not in the table for " (room == "" ? "this place" : room))
        }' $files
}

# One name, one file: what is named in a message or a search is found at once.
check_names() {
    find src cli tests bench fuzz examples -name '*.[ch]' -o -name '*.cc' -o -name '*.sh' |
        sed 's|.*/||' | sort | uniq -d | sed 's/$/: more than one file is called so/'
}

check_lengths() {
    find src include cli tests bench fuzz examples \( -name '*.[ch]' -o -name '*.cc' -o -name '*.sh' \) \
        -exec wc -l {} + | awk -v max=$max_lines \
        '$2 != "total" && $1 > max { print $2 ": " $1 " lines, more than " max }'
}

# What no file of the library does: own a heap, speak, or end the program; and what nobody does.
check_calls() {
    local unsafe='strcpy|strcat|sprintf|vsprintf|gets|strtok|atoi|atol|atof'
    local heap='malloc|calloc|realloc|free|strdup|strndup|asprintf|getline'
    local speech='printf|fprintf|vprintf|vfprintf|puts|fputs|perror|exit|_exit|abort|signal|sigaction'
    list_calls "$unsafe" src cli
    list_calls "$heap" src | grep -v '^src/base/alloc\.c:' || true
    list_calls "$speech" src
}

list_calls() {
    local names=$1
    shift
    grep -rnE --include='*.[ch]' --include='*.cc' "(^|[^A-Za-z0-9_.>\"])($names)\(" "$@" |
        grep -vE '^[^:]+:[0-9]+: *(/?\*|//)' |
        sed -E "s/^([^:]+:[0-9]+):.*[^A-Za-z0-9_]($names)\(.*/\1: calls \2(), which has no place here/" ||
        true
}

check_all() {
    check_rooms
    check_includes
    check_names
    check_lengths
    check_calls
}

# ---- the rules can be broken: each of these changes must be named by what follows it ----
broken=0
must_notice() {
    local what=$1 change=$2 want=$3 copy found
    copy=$(mktemp -d)
    cp -R src include cli tests bench fuzz examples docs "$copy"
    found=$(cd "$copy" && eval "$change" && check_all)
    if ! grep -qE "$want" <<<"$found"; then
        echo "rooms.sh itself: did not notice $what"
        broken=1
    fi
    rm -rf "$copy"
}

found=$(check_all)
if [[ -n $found ]]; then
    echo "$found"
    exit 1
fi
must_notice "an include upwards" \
    'echo "#include \"curate/flow.h\"" >src/io/zz_wrong.c' '^src/io/zz_wrong.c:1: io may not'
must_notice "an include sideways" \
    'echo "#include \"io/stream.h\"" >src/text/zz_wrong.h' '^src/text/zz_wrong.h:1: text may not'
must_notice "a public header of a higher room" \
    'echo "#include \"metaclip/curate.h\"" >src/base/zz_wrong.c' '^src/base/zz_wrong.c:1: base may not'
must_notice "a command that looks into the library" \
    'echo "#include \"base/buf.h\"" >cli/zz_wrong.c' '^cli/zz_wrong.c:1: sees base/buf.h'
must_notice "a foreign header out of place" \
    'echo "#include <zstd.h>" >src/curate/zz_wrong.c' '^src/curate/zz_wrong.c:1: <zstd.h>'
must_notice "a room that nobody drew" 'mkdir src/attic && touch src/attic/x.c' '^src/attic: not in'
must_notice "a room that is not there" 'mv src/text src/texts' 'room text has no folder'
must_notice "two files of one name" 'touch src/text/buf.c' '^buf.c: more than one'
must_notice "a long file" 'seq 701 | sed "s|^|// |" >src/io/zz_wrong.c' 'zz_wrong.c: 701 lines'
must_notice "a heap of its own" 'echo "x = malloc(3);" >src/io/zz_wrong.c' 'zz_wrong.c:1: calls malloc'
must_notice "a library that prints" 'echo "  printf(text);" >src/io/zz_wrong.c' 'zz_wrong.c:1: calls printf'
exit $broken
