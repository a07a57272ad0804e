# What the options of training are called, and what a slip of the pen is told.
source "$METACLIP_SOURCE/tests/cli/lib.sh" || exit 1

expect 0 train tiny --show -o run --vocab "a b.txt.gz" --set lr=0.5
equal "$(jq -c '[.out, .vocab, .lr]' out)" '["run","a b.txt.gz",0.5]' 'options of their own'
expect 0 train tiny --show --set out=other
equal "$(jq -r .out out)" other 'the field'

expect 2 train tinny
says err 'train: tinny is neither a preset nor a file; did you mean tiny?'
expect 2 train zzzzzz
says err 'train: zzzzzz is neither a preset nor a file'
expect 1 train no/such.json
says err 'no/such.json: No such file or directory'
expect 2 train tiny --set bacth=3
says err 'there is no field bacth; did you mean batch? `metaclip train --fields` lists them'
expect 2 train tiny --set batch
says err '"batch": want FIELD=VALUE'
