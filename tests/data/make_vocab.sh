#!/usr/bin/env bash
# Makes the vocabularies that the tests of the tokenizer read, of the texts in vocab_texts.txt:
#
#   vocab_small.txt       a byte-level BPE of 900 ids, by the command itself ($METACLIP)
#   pieces_xlmv.model     SentencePiece vocabularies whose special ids are XLM-V's and mT5's, by
#   pieces_mt5.model      spm_train (Debian's package sentencepiece)
#   pieces_other.model    one that is neither's
#
#   METACLIP=build/metaclip tests/data/make_vocab.sh
set -euo pipefail
cd "$(dirname "$0")"

: "${METACLIP:?the path of the command}"
"$METACLIP" tokenize --train 900 --quiet -o vocab_small.txt vocab_texts.txt

# train NAME VOCAB_SIZE OPTION...: only what the tests need stays in the model.
train() {
    local name=$1 size=$2
    shift 2
    spm_train --input=vocab_texts.txt --model_prefix="$name" --vocab_size="$size" \
        --character_coverage=1.0 --hard_vocab_limit=false --num_threads=1 --minloglevel=2 "$@"
    rm "$name.vocab"
}
train pieces_xlmv 420 --model_type=unigram --unk_id=0 --bos_id=1 --eos_id=2 --pad_id=-1 \
    --normalization_rule_name=identity
printf 'FF21\t41\nFF22\t42\nA0\t20\nFB01\t66 69\n' >rules.tsv # some of NFKC, and a small map
train pieces_mt5 420 --model_type=unigram --pad_id=0 --eos_id=1 --unk_id=2 --bos_id=-1 \
    --normalization_rule_tsv=rules.tsv
rm rules.tsv
train pieces_other 420 --model_type=bpe --unk_id=3 --bos_id=0 --eos_id=1 --pad_id=2 \
    --normalization_rule_name=identity
