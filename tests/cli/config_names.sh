# A config may be given by its file or by its name, and a model by the name of one that was pulled.
source "$METACLIP_SOURCE/tests/cli/lib.sh" || exit 1

cp "$METACLIP_SOURCE/fuzz/corpus/pt/model" m.pt
export METACLIP_HOME=$work/home
for way in --config --model; do
    expect 1 info $way ViT-B-32 m.pt
    says err 'want [77,512], got [2,64]'
    expect 1 convert $way ViT-B-32 -o hf m.pt
    says err 'want [77,512], got [2,64]'
done
expect 1 info --config none.json m.pt
says err 'none.json: No such file'
expect 2 info --config a.json --model ViT-B-32 m.pt
says err 'give one'
expect 2 convert --config a.json --model ViT-B-32 -o hf m.pt
says err 'give one'

expect 1 convert -o hf b32_400m
says err '`metaclip pull b32_400m` gets it'
expect 2 convert -o hf b32_401m
says err 'convert: b32_401m: no such file, and no published model is called b32_401m'
mkdir -p home/b32_400m
cp m.pt home/b32_400m/b32_400m.pt
expect 1 convert -o hf b32_400m # its config is known by its name
says err 'want [77,512], got [2,64]'
