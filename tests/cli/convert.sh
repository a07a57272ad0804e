# A model's way from one form to the other and back, and what is said of what cannot be taken.
source "$METACLIP_SOURCE/tests/cli/lib.sh" || exit 1

# The smallest model whose shapes tell its sizes: towers 64 wide, one layer each, f16.
model=$METACLIP_SOURCE/fuzz/corpus/pt/model
mkdir in
cp "$model" in/m.pt

# ---- what it is ----
expect 0 info in/m.pt
says out 'in/m.pt: CLIP model'
says out "form                      OpenCLIP's names; PyTorch, zip"
says out 'activation                QuickGELU'
says out 'image tower               width 64, 1 layers, 1 heads, MLP 1, patches of 1'
says out 'tensors                   f16 (38)'
says out 'nothing says which activation the model has; QuickGELU is taken'
says out '64 channels a head are taken'
expect 0 info --json in/m.pt
equal "$(jq -r '.kind + " " + .facts.activation' out)" 'CLIP model QuickGELU' 'info --json'
expect 1 info --model ViT-B-32 in/m.pt
says err 'want [77,512], got [2,64]'

# ---- there and back ----
expect 0 convert -o hf in/m.pt
says err 'in a QuickGELU model'
says err 'nothing says which activation the model has'
equal "$(ls hf | xargs)" 'config.json model.safetensors preprocessor_config.json' 'files'
equal "$(jq -r .text_config.hidden_act hf/config.json)" quick_gelu 'the activation'
expect 0 info hf
says out "form                      Hugging Face's names; safetensors"
expect 0 convert -q -o out1/m.pt hf
[[ ! -s err ]] || fail 'a config that says all leaves nothing to warn of'
equal "$(ls out1 | xargs)" 'm.pt open_clip_config.json' 'files'
equal "$(jq .model_cfg.quick_gelu out1/open_clip_config.json)" true 'the activation'
expect 0 convert -q --config out1/open_clip_config.json -o out2/m.pt in/m.pt
same out1/m.pt out2/m.pt
same out1/open_clip_config.json out2/open_clip_config.json

# ---- types and shards ----
expect 0 convert --json --dtype fp32 --shard-bytes 16K -o shards out1/m.pt
equal "$(jq -r '.tensors, .became_infinite, .quick_gelu' out | xargs)" '46 0 true' 'the summary'
n=$(ls shards/model-*.safetensors | wc -l)
((n > 3)) || fail "only $n shards"
equal "$(jq -r '.weight_map[]' shards/model.safetensors.index.json | sort -u | wc -l)" "$n" 'shards'
expect 0 info shards
says out "files of weights          $n"
expect 0 convert -q --dtype fp16 -o out3/m.pt shards
same out1/m.pt out3/m.pt
rm "shards/model-00002-of-$(printf %05d "$n").safetensors"
expect 1 info shards
says err 'cannot open it'

# ---- what is in the way ----
expect 2 convert -o hf out1/m.pt
says err 'hf: there is a model already'
expect 0 convert -q --replace -o hf out1/m.pt
expect 2 convert -o out1/m.pt hf
says err 'out1/m.pt is there already'
sed 's/true/false/' out1/open_clip_config.json > gelu.json
expect 2 convert --config gelu.json -o out1/other.pt in/m.pt
says err 'open_clip_config.json is there and says something else: it belongs to another model'
[[ ! -e out1/other.pt ]] || fail 'the model was written although its config was not'

# ---- the vocabulary ----
data=$METACLIP_SOURCE/tests/data
mkdir own
cp "$data"/tiny_clip/{config.json,model.safetensors} own
expect 0 convert -q --vocab "$data/vocab_small.txt" -o own1 own
equal "$(ls own1 | xargs)" 'config.json merges.txt model.safetensors preprocessor_config.json tokenizer_config.json vocab.json' \
    'files with a vocabulary'
equal "$(jq -r '.tokenizer_class, .model_max_length, .metaclip_rule' own1/tokenizer_config.json | xargs)" \
    "CLIPTokenizer $(jq .text_config.max_position_embeddings own1/config.json) openai" 'what is said of it'
equal "$(jq -c '[length, ."<|startoftext|>", ."<|endoftext|>"]' own1/vocab.json)" '[724,722,723]' 'its ids'
cp "$data/vocab_small.txt" own/bpe_simple_vocab_16e6.txt.gz # as `pull` brings it
expect 0 convert -q -o own2 own
for file in vocab.json merges.txt tokenizer_config.json; do
    same "own2/$file" "own1/$file"
done
expect 0 convert -q -o own3/m.pt own
equal "$(ls own3 | xargs)" 'bpe_simple_vocab_16e6.txt.gz m.pt open_clip_config.json' 'files beside a .pt'
same own3/bpe_simple_vocab_16e6.txt.gz "$data/vocab_small.txt"
expect 0 convert -q -o own4/m.pt own1
expect 0 convert -q -o own4/again.pt own1 # the same files do for both
expect 0 tokenize -q --train 600 -o short.txt "$data/vocab_texts.txt"
expect 1 convert --vocab short.txt -o x own
says err 'short.txt: a vocabulary of 600 ids, but the model'
cp short.txt own/bpe_simple_vocab_16e6.txt.gz # which is somebody else's
expect 0 convert -o own5 own
says err 'warning: own: a vocabulary of 600 ids, but the model'
equal "$(ls own5 | xargs)" 'config.json model.safetensors preprocessor_config.json' 'files without a vocabulary'
echo '{}' > own4/vocab.json
expect 2 convert -o own4/third.pt own1
says err 'own4/vocab.json is there and says something else'
[[ ! -e own4/third.pt ]] || fail 'the model was written although its vocabulary was not'
expect 0 convert -q --replace -o own4/third.pt own1
same own4/vocab.json own1/vocab.json

# ---- what is refused ----
expect 1 convert -o x "$METACLIP_SOURCE/fuzz/corpus/pt/refused"
says err 'refuses posix.system: a checkpoint holds data only'
head -c 20000 in/m.pt > cut.pt
expect 1 convert -o x cut.pt
says err 'was the file cut short?'
expect 2 convert --to hf -o x.pt in/m.pt
says err "Hugging Face's form is a folder"
expect 2 convert --to openclip -o x in/m.pt
says err 'a file that ends with .pt'
expect 2 convert --config a --model b -o x in/m.pt
says err 'give one'
expect 2 convert --model ViT-Z -o x in/m.pt
says err 'there is no model called ViT-Z'
expect 2 convert -o x none.pt
says err 'none.pt: no such file'
[[ ! -e x ]] || fail 'a failure left something'
