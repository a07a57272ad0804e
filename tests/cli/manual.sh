# Man pages: one for each command, without a warning of those who read them.
. "$(dirname "$0")/lib.sh"

expect 0 help --man
cp out metaclip.1
for command in $(commands); do
    says metaclip.1 ".BR metaclip\\-$command (1)"
    expect 0 help --man "$command"
    cp out "metaclip-$command.1"
    # Nothing of the help is missing here.
    for option in $(options_of "$command"); do
        says "metaclip-$command.1" "${option//-/\\-}"
    done
done

if command -v man > /dev/null && command -v groff > /dev/null; then
    for page in *.1; do
        man --warnings -l "$page" 2> warnings > /dev/null
        equal "$(cat warnings)" "" "man --warnings $page"
    done
fi
command -v mandoc > /dev/null || skip "there is no mandoc to read the pages"
for page in *.1; do
    equal "$(mandoc -T lint -W warning "$page")" "" "mandoc -T lint $page"
done
