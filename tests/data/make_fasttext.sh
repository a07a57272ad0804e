#!/usr/bin/env bash
# Makes the small fastText models in tests/data/fasttext, and beside each what Debian's command
# `fasttext` (package fasttext) says of tests/data/fasttext/texts.txt: label and probability a line.
#
#   tests/data/make_fasttext.sh            anew; other models come out, of the same kinds
#
# tree.bin     hierarchical softmax, n-grams of 2 to 4 characters: as lid.176.bin
# tree.ftz     the same quantised and pruned, with norms: as lid.176.ftz
# softmax.bin  softmax, n-grams of characters, labels such as eng_Latn: as lid218e
# words.bin    softmax, n-grams of words, none of characters
# each.bin     a yes or no for each label ("ova")
# many.ftz     more labels than 256, their vectors quantised too, of which the last part is shorter
set -euo pipefail
cd "$(dirname "$0")/fasttext"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Words of a language, and sentences of such words.
cat > "$work/words" << WORDS
en eng_Latn the of and to in is on at with a for photo red car dog cat house black white small big near river street sea sky woman man child boy tree green blue night day old new garden window table bread sitting standing running water mountain
de deu_Latn der die das und in ist auf mit ein eine für foto rotes auto hund katze haus schwarze weiße kleine große am fluss straße meer himmel frau mann kind junge baum grün blau nacht tag alte neue garten fenster tisch brot sitzt steht läuft wasser berg
fr fra_Latn le la les et dans est sur avec un une pour photo rouge voiture chien chat maison noir blanc petit grand près rivière rue mer ciel femme homme enfant garçon arbre vert bleu nuit jour vieux nouveau jardin fenêtre table pain assis debout eau montagne
es spa_Latn el la los y en es sobre con un una para foto rojo coche perro gato casa negro blanco pequeño grande cerca río calle mar cielo mujer hombre niño niña árbol verde azul noche día viejo nuevo jardín ventana mesa pan sentado agua montaña
ru rus_Cyrl и в на с для фото красный машина собака кошка дом чёрный белый маленький большой река улица море небо женщина мужчина ребёнок дерево зелёный синий ночь день старый новый сад окно стол хлеб сидит стоит бежит вода гора
zh zho_Hans 的 和 在 是 照片 红色 汽车 狗 猫 房子 黑色 白色 小 大 河边 街道 大海 天空 女人 男人 孩子 树 绿色 蓝色 夜晚 白天 老 新 花园 窗户 桌子 面包 坐着 站着 跑步 水 山
ja jpn_Jpan の と に は 写真 赤い 車 犬 猫 家 黒い 白い 小さな 大きな 川 通り 海 空 女性 男性 子供 木 緑 青い 夜 昼 古い 新しい 庭 窓 テーブル パン 座って 立って 走る 水 山
WORDS

# sentences SEED COUNT COLUMN: labelled, of three to ten words.
sentences() {
    awk -v seed="$1" -v count="$2" -v column="$3" '
        BEGIN { srand(seed) }
        { line[NR] = $0 }
        END {
            for (i = 0; i < count; i++) {
                n = split(line[1 + int(rand() * NR)], word, " ")
                text = "__label__" word[column]
                for (k = 3 + int(rand() * 8); k > 0; k--) text = text " " word[3 + int(rand() * (n - 2))]
                print text
            }
        }' "$work/words"
}
train() { fasttext supervised -verbose 0 -thread 1 -epoch 10 -lr 0.5 "$@"; }

sentences 1 4000 1 > "$work/short"
sentences 2 4000 2 > "$work/long"
train -input "$work/short" -output "$work/tree" -loss hs -dim 8 -minn 2 -maxn 4 -bucket 500
(cd "$work" && fasttext quantize -verbose 0 -input short -output tree -cutoff 300 -qnorm -dsub 2)
train -input "$work/long" -output "$work/softmax" -loss softmax -dim 10 -minn 2 -maxn 5 -bucket 400
train -input "$work/short" -output "$work/words" -loss softmax -dim 6 -maxn 0 -wordNgrams 3 -bucket 300
train -input "$work/short" -output "$work/each" -loss ova -dim 8 -minn 1 -maxn 3 -bucket 300
awk 'BEGIN { srand(3); for (i = 0; i < 6000; i++) { l = int(rand() * 300); print "__label__l" l " w" l " v" int(l / 3) " x" int(rand() * 40) } }' > "$work/numbers"
train -input "$work/numbers" -output "$work/many" -loss softmax -dim 5 -minn 2 -maxn 3 -bucket 300
(cd "$work" && fasttext quantize -verbose 0 -input numbers -output many -qout -dsub 2)
cp "$work"/{tree.bin,tree.ftz,softmax.bin,words.bin,each.bin,many.ftz} .

{
    sentences 4 150 1 | cut -d' ' -f2-
    printf '%s\n' 'the</s> of' 'the __label__en dog' 'dog __label__xx' 'Zz' 'w17 v5 x3' 'w250' '1234 5678' \
        'IMG_0012.JPG' 'ÄÖÜ ß' '猫が座っています' 'the quick brown fox jumps over the lazy dog'
    for n in 10 300; do printf 'haus%.0s ' $(seq "$n"); echo; done
} > texts.txt
for model in *.bin *.ftz; do
    fasttext predict-prob "$model" texts.txt > "$model.want"
done
ls -l .
