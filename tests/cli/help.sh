# Help: every command has it, with an example, and it is in step with what the command takes.
. "$(dirname "$0")/lib.sh"

expect 0 help
golden help
for way in --help -h; do
    cp out before
    expect 0 $way
    same out before
done
expect 0 help balance
golden help_balance

# No choice is cut off.
expect 0 help eval
says out '--kind auto|folder|tars|table|mnist|cifar10|cifar100|stl10'

expect 0 -V
cp out short
expect 0 --version
same short out
[[ $(cat out) =~ ^metaclip\ [0-9]+\.[0-9]+\.[0-9]+$ ]] || fail "--version prints $(cat out)"

# Every file of a command is in the table, and the other way round.
equal "$(commands | sort | xargs)" \
    "$(ls "$METACLIP_SOURCE"/cli/cmd_*.c | sed 's/.*cmd_//; s/\.c$//; s/_/-/g' | sort | xargs)" "commands"

for command in $(commands); do
    expect 0 help "$command"
    cp out page
    says page "metaclip $command: "
    says page "Example:"
    equal "$(awk 'length > 80' page | grep -v '^  metaclip ')" "" "long lines in help $command"

    # --help anywhere gives the same text, whatever else is wrong.
    for line in "--help" "-h" "--no-such-option --help" "a b c d -h"; do
        # shellcheck disable=SC2086
        expect 0 "$command" $line
        same out page
    done

    # Every option of the help is taken.
    for option in $(options_of "$command"); do
        run "$command" "$option"
        ! grep -q "there is no option" err || fail "help $command names $option: $(cat err)"
    done

    # Every option in usage and example is among the options.
    options_of "$command" > known
    sed -n '/^Usage:/,/^$/p; /^Example:/,/^$/p' page | grep "metaclip $command" |
        grep -oE '(^|[ [])--?[a-z][a-z-]*' | tr -d ' [' | sort -u > used
    equal "$(grep -vxF -f known used)" "" "options in the example of $command that it does not have"
done
