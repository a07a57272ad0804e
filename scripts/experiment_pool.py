"""Makes the pool of `scripts/experiment`: web-like pairs from the images and words of Debian packages.

    experiment_pool.py FILES CLASSES OUT PARAMETERS

FILES is where the packages were unpacked, CLASSES is experiment-classes.tsv, PARAMETERS a file of
JSON. Written are, whole or not at all:

    OUT/pool/NNNNN.tar    the pairs: KEY.jpg, KEY.txt, KEY.json (uuid, how the text was made, class)
    OUT/pool/texts.txt    their texts, a line each
    OUT/heldout/images/   the images of no pair, and what is known of them in OUT/heldout/images.jsonl
    OUT/heldout/captions.txt  the captions that one of them alone has; prompts.txt: the classes'
    OUT/heldout/classes.json  for each class: images held out, pairs in the pool, and if it is head
    OUT/facts.json        how many of everything

A pair's random numbers come from the seed and its own number, so the same packages and parameters
give the same pairs, whatever the number of processes. docs/experiment.md explains the choices.
"""
import bisect
import collections
import functools
import hashlib
import html
import io
import itertools
import json
import multiprocessing
import os
import random
import re
import shutil
import sys
import tarfile
import xml.etree.ElementTree as ElementTree

from PIL import Image, ImageDraw, ImageFont

MASTER_SIDE = 80  # of the drawing that variants are made from
VARIANT_SIDE = 56  # of an image of the pool; training crops it to 48
MAX_PIXELS = 40_000_000  # a larger image is left out
Image.MAX_IMAGE_PIXELS = None  # Pillow's own limit, which warns or raises
SHARD_PAIRS = 10_000
SHARED_TITLE = 20  # a title that more images have is the name of their collection

# What stands beside images on the web and says nothing of them, the most frequent first.
HEAD_PHRASES = '''image; logo; photo; icon; picture; click to enlarge; free download; clip art; thumbnail;
stock image; banner; free clip art; home; profile picture; vector image; download; avatar; share this;
view larger image; no description; wallpaper; free vector graphics; advertisement; stock photo, royalty
free; read more; featured image; search; image may contain; pixel; menu'''.replace('\n', ' ').split('; ')
PROMPTS = ['{}', 'a picture of a {}', '{} clip art', '{} icon']  # what a class is asked by
AROUND_CAPTIONS = ['{} - {}', '{}: {}', '{} | {}', '{} of {}', '{}, {}']

Drawing = collections.namedtuple('Drawing', 'name group collection label title keywords source')


def number(text):
    return int.from_bytes(hashlib.sha224(text.encode()).digest()[:6], 'big')


def plain(text):
    """Without tags, character references and spaces that are too many."""
    return ' '.join(html.unescape(html.unescape(re.sub('<[^>]*>', ' ', text or ''))).split())


def words_of_name(path):
    return ' '.join(re.sub(r'[\d_.\-]+', ' ', os.path.splitext(os.path.basename(path))[0]).split())


def read_classes(path):
    beginnings = []
    with open(path, encoding='utf8') as lines:
        for line in lines:
            if not line.startswith('#'):
                name, places = line.rstrip('\n').split('\t')
                beginnings += [(place, name) for place in places.split()]
    return sorted(beginnings, key=lambda b: -len(b[0]))


def class_of(place, classes):
    return next((name for beginning, name in classes if place.startswith(beginning)), None)


def openclipart_words(svg):
    """Title and keywords of the RDF of an SVG file; both may be missing."""
    try:
        with open(svg, 'rb') as file:
            rdf = re.search(r'<metadata.*?</metadata>', file.read().decode('utf8', 'replace'), re.S)
    except OSError:
        rdf = None
    rdf = rdf.group(0) if rdf else ''
    title = re.search(r'<dc:title>(.*?)</dc:title>', rdf, re.S)
    keywords = [plain(k).replace('_', ' ') for k in re.findall(r'<rdf:li>(.*?)</rdf:li>', rdf, re.S)]
    return (plain(title.group(1)) if title else '',
            [k for k in keywords if k and not re.match(r'(hash|unsorted|svg|png|null)\b', k, re.I)])


def openclipart(files, classes):
    root = os.path.join(files, 'openclipart')
    paths = sorted(os.path.relpath(os.path.join(folder, name), root + '/png')
                   for folder, _, names in os.walk(root + '/png') for name in names
                   if name.endswith('.png'))
    words = {p: openclipart_words(f'{root}/svg/{p[:-3]}svg') for p in paths}
    uses = collections.Counter(title for title, _ in words.values())
    for path in paths:
        title, keywords = words[path]
        if not title or uses[title] > SHARED_TITLE:
            title = words_of_name(path)
        folder = os.path.dirname(path)
        group = folder + '/' + re.sub(r'[\d_.\-]+$', '', os.path.basename(path)[:-4])
        yield Drawing('openclipart/' + path, 'o:' + group, ' '.join(reversed(
            folder.replace('_', ' ').split('/')[:2])), class_of('o:' + path, classes), title, keywords,
            os.path.join(root, 'png', path))


def emoji(files, classes):
    names, keywords = {}, {}
    for table in 'annotations/en.xml', 'annotationsDerived/en.xml':
        tree = ElementTree.parse(f'{files}/unicode/cldr/common/{table}')
        for annotation in tree.iter('annotation'):
            into = names if annotation.get('type') == 'tts' else keywords
            into[annotation.get('cp')] = annotation.text
    subgroup = ''
    with open(f'{files}/unicode/emoji/emoji-test.txt', encoding='utf8') as lines:
        for line in lines:
            if line.startswith('# subgroup: '):
                subgroup = line[12:].strip()
            code, _, rest = line.partition(';')
            if line.startswith('#') or not rest.startswith(' fully-qualified'):
                continue
            text = ''.join(chr(int(c, 16)) for c in code.split())
            bare = text.replace('\ufe0f', '')
            if bare not in names:
                continue
            # People of all skins, hair and sexes are one group: they must not be on both sides.
            group = re.sub('[\U0001f3fb-\U0001f3ff\u2640\u2642\u200d]', '', bare) or bare
            group = re.sub('[\U0001f468\U0001f469\U0001f9d1]', '\U0001f9d1', group)
            yield Drawing('emoji/' + code.strip().replace(' ', '-').lower(), 'e:' + group,
                          subgroup.replace('-', ' ') + ' emoji', class_of('e:' + subgroup, classes),
                          names[bare], [k.strip() for k in keywords.get(bare, '').split('|') if k.strip()],
                          text)


@functools.lru_cache(None)
def emoji_font(files):
    return ImageFont.truetype(f'{files}/fonts/truetype/noto/NotoColorEmoji.ttf', 109)


def draw(drawing, files):
    """The drawing as PNG with alpha, at most MASTER_SIDE wide and high; None if it is of no use."""
    try:
        if drawing.name.startswith('emoji/'):
            font = emoji_font(files)
            image = Image.new('RGBA', (136, 128))
            pen = ImageDraw.Draw(image)
            if pen.textlength(drawing.source, font=font) > 150:
                return None  # the font has no one sign for it
            pen.text((0, 0), drawing.source, font=font, embedded_color=True)
        else:
            image = Image.open(drawing.source)
            if image.width * image.height > MAX_PIXELS or min(image.size) < 8:
                return None
            image = image.convert('RGBA')
        image.thumbnail((MASTER_SIDE, MASTER_SIDE), Image.BOX if max(image.size) > 800 else Image.BICUBIC)
        shown = on_background(image, (255, 255, 255)).convert('L')
        darkest, lightest = shown.getextrema()
        if darkest == lightest:
            return None
    except (OSError, SyntaxError, ValueError):
        return None
    small = shown.resize((17, 16), Image.BOX).tobytes()
    look = sum((small[i] < small[i + 1]) << k
               for k, i in enumerate(i for i in range(17 * 16 - 1) if i % 17 != 16))
    png = io.BytesIO()
    image.save(png, 'PNG', compress_level=1)
    return png.getvalue(), look


def on_background(image, colour):
    flat = Image.new('RGB', image.size, colour)
    flat.paste(image, mask=image.getchannel('A'))
    return flat


def heldout_image(png):
    """As it is, in the middle of white."""
    image = on_background(Image.open(io.BytesIO(png)), (255, 255, 255))
    image.thumbnail((VARIANT_SIDE, VARIANT_SIDE), Image.BICUBIC)
    square = Image.new('RGB', (VARIANT_SIDE, VARIANT_SIDE), (255, 255, 255))
    square.paste(image, ((VARIANT_SIDE - image.width) // 2, (VARIANT_SIDE - image.height) // 2))
    out = io.BytesIO()
    square.save(out, 'PNG')
    return out.getvalue()


def variant(png, rng):
    """Another size, place or crop, background, colour and quality: what the web does to an image."""
    image = Image.open(io.BytesIO(png))
    side = VARIANT_SIDE
    scale = side * rng.uniform(0.65, 1.15) / max(image.size)
    image = image.resize([max(4, round(s * scale)) for s in image.size], Image.BILINEAR)
    colour = (255, 255, 255) if rng.random() < 0.5 else tuple(rng.randrange(256) for _ in range(3))
    canvas = Image.new('RGB', (side, side), colour)
    # Where it is larger than the canvas, it is cropped; else it is somewhere on it.
    place = [rng.randint(min(0, side - s), max(0, side - s)) for s in image.size]
    canvas.paste(image, place, image.getchannel('A'))
    gains = [rng.uniform(0.8, 1.2) for _ in range(3)]
    shift = rng.uniform(-20, 20)
    canvas = canvas.point([min(255, max(0, round(v * g + shift))) for g in gains for v in range(256)])
    out = io.BytesIO()
    canvas.save(out, 'JPEG', quality=rng.randint(60, 92))
    return out.getvalue()


class Zipf:
    """Draws place k of n (from 0) with a probability that goes with 1 / (k + 1)^exponent."""

    def __init__(self, n, exponent):
        self.sums = list(itertools.accumulate((k + 1) ** -exponent for k in range(n)))

    def draw(self, rng):
        return bisect.bisect_left(self.sums, rng.random() * self.sums[-1])


def file_name(drawing, rng):
    serial = rng.randrange(10_000)
    return rng.choice([f'IMG_{serial:04}.JPG', f'DSC0{serial:04}', f'image{serial:03}.png',
                       f'{rng.getrandbits(48):012x}', f'{serial}_{rng.randrange(10_000)}_n.jpg',
                       f'photo-{serial}', f'thumb_{rng.getrandbits(32):08x}.jpg',
                       os.path.basename(drawing.name)])


def caption(drawing, rng):
    few = rng.sample(drawing.keywords, min(len(drawing.keywords), rng.randint(1, 4)))
    form = rng.random()
    if form < 0.4 or not few:
        return drawing.title
    if form < 0.8:
        return ', '.join([drawing.title] + [k for k in few if k.lower() not in drawing.title.lower()])
    return ' '.join(few)


def text_of(drawing, p, phrases, rng):
    """How the text was made, and the text."""
    kind = rng.choices(['file', 'head', 'collection', 'caption'],
                       [p['file_share'], p['head_share'], p['collection_share'],
                        1 - p['file_share'] - p['head_share'] - p['collection_share']])[0]
    phrase = HEAD_PHRASES[phrases.draw(rng)]
    if kind == 'file':
        return kind, file_name(drawing, rng)
    if kind == 'head':
        return kind, phrase
    text = drawing.collection if kind == 'collection' else caption(drawing, rng)
    if rng.random() < p['around_share']:
        text = rng.choice(AROUND_CAPTIONS).format(*rng.choice([(phrase, text), (text, phrase)]))
    return kind, text


class Pool:
    """What the pairs are drawn from; pair(i) depends on the parameters and i alone."""

    def __init__(self, drawings, pngs, p):
        self.p, self.drawings, self.pngs = p, drawings, pngs
        members = collections.defaultdict(list)
        for i, drawing in enumerate(drawings):
            members[drawing.collection].append(i)
        self.collections = [members[c] for c in sorted(members, key=lambda c: (-len(members[c]), c))]
        self.which = Zipf(len(self.collections), p['collection_exponent'])
        self.phrases = Zipf(len(HEAD_PHRASES), p['head_exponent'])

    def pick(self, rng):
        return rng.choice(self.collections[self.which.draw(rng)])

    def pair(self, i):
        rng = random.Random(f'{self.p["seed"]}/{i}')
        at = self.pick(rng)
        drawing = self.drawings[at]
        mismatched = rng.random() < self.p['mismatch_share']
        kind, text = text_of(self.drawings[self.pick(rng)] if mismatched else drawing, self.p,
                             self.phrases, rng)
        about = {'uuid': hashlib.sha224(f'pair {self.p["seed"]}/{i}'.encode()).hexdigest()[:24],
                 'kind': kind, 'mismatched': mismatched, 'class': drawing.label, 'image': drawing.name}
        return variant(self.pngs[at], rng), text, about


def add_member(tar, name, data):
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(data), 0o644
    tar.addfile(member, io.BytesIO(data))


def write_shard(job):
    pool, path, first, last = POOL, *job
    rows = []
    with tarfile.open(path, 'w', format=tarfile.USTAR_FORMAT) as tar:
        for i in range(first, last):
            jpeg, text, about = pool.pair(i)
            add_member(tar, f'{i:09}.jpg', jpeg)
            add_member(tar, f'{i:09}.txt', text.encode())
            add_member(tar, f'{i:09}.json', json.dumps(about, ensure_ascii=False).encode())
            rows.append((text, about['kind'], about['mismatched'], about['class']))
    return rows


def split(drawings, looks, p):
    """Train and held-out indices. A group is on one side, what looks the same is not held out, and of
    a group one image is: the others would be no further trials."""
    held = [number(f'{p["seed"]} {d.group}') % 1000 < 1000 * p['heldout_share'] for d in drawings]
    seen = {look for look, h in zip(looks, held) if not h}
    asked, train, out = set(), [], []
    for i, (drawing, look, h) in enumerate(zip(drawings, looks, held)):
        if not h:
            train.append(i)
        elif look not in seen and drawing.group not in asked:
            seen.add(look)
            asked.add(drawing.group)
            out.append(i)
    return train, out


def fresh(folder):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    return folder


def dump(path, value):
    with open(path, 'w', encoding='utf8') as file:
        json.dump(value, file, ensure_ascii=False, indent=1)
        file.write('\n')


def write_heldout(folder, drawings, pngs, pairs_of_class, p):
    os.makedirs(folder + '/images')
    images = collections.Counter(d.label for d in drawings if d.label)
    names = [c for c in pairs_of_class if images[c] >= p['min_class_images']]
    half, total, classes = sum(pairs_of_class[c] for c in names) / 2, 0, []
    for name in sorted(names, key=lambda c: (-pairs_of_class[c], c)):
        classes.append({'name': name, 'images': images[name], 'pairs': pairs_of_class[name],
                        'head': total < half})
        total += pairs_of_class[name]
    dump(folder + '/classes.json', classes)
    with open(folder + '/prompts.txt', 'w', encoding='utf8') as file:
        file.writelines(prompt.format(c['name']) + '\n' for prompt in PROMPTS for c in classes)
    captions = collections.Counter(heldout_caption(d).lower() for d in drawings)
    with open(folder + '/images.jsonl', 'w', encoding='utf8') as lines, \
            open(folder + '/captions.txt', 'w', encoding='utf8') as caption_lines:
        for i, (drawing, png) in enumerate(zip(drawings, pngs)):
            name = f'{i:05}.png'
            with open(f'{folder}/images/{name}', 'wb') as file:
                file.write(heldout_image(png))
            text = heldout_caption(drawing)
            if captions[text.lower()] == 1:
                caption_lines.write(text + '\n')
            lines.write(json.dumps({
                'file': name, 'image': drawing.name, 'class': drawing.label if drawing.label in names else None,
                'caption': text if captions[text.lower()] == 1 else None}, ensure_ascii=False) + '\n')
    return classes


def heldout_caption(drawing):
    few = [k for k in drawing.keywords if k.lower() not in drawing.title.lower()][:2]
    return ', '.join([drawing.title] + few)


def choose(drawings, p):
    """All of them, or the first few by a hash of their names."""
    order = sorted(drawings, key=lambda d: (number(f'{p["seed"]} {d.name}'), d.name))
    return order[:p['max_images']] if p['max_images'] else order


def main(files, class_path, out, parameters):
    global POOL
    with open(parameters, encoding='utf8') as file:
        p = json.load(file)
    classes = read_classes(class_path)
    drawings = choose([*openclipart(files, classes), *emoji(files, classes)], p)
    with multiprocessing.Pool() as workers:
        drawn = workers.map(functools.partial(draw, files=files), drawings, chunksize=16)
    usable = [(d, *r) for d, r in zip(drawings, drawn) if r and d.title]
    drawings, pngs, looks = (list(column) for column in zip(*usable))
    train, held = split(drawings, looks, p)
    POOL = Pool([drawings[i] for i in train], [pngs[i] for i in train], p)

    folder = fresh(out + '/pool.new')
    jobs = [(f'{folder}/{k:05}.tar', first, min(first + SHARD_PAIRS, p['pairs']))
            for k, first in enumerate(range(0, p['pairs'], SHARD_PAIRS))]
    with multiprocessing.Pool() as workers:  # forked, so it has POOL
        rows = list(itertools.chain.from_iterable(workers.map(write_shard, jobs, chunksize=1)))
    with open(folder + '/texts.txt', 'w', encoding='utf8') as file:
        file.writelines(text + '\n' for text, *_ in rows)

    pairs_of_class = collections.Counter(label for *_, label in rows if label)
    held_folder = fresh(out + '/heldout.new')
    kept = write_heldout(held_folder, [drawings[i] for i in held], [pngs[i] for i in held],
                         pairs_of_class, p)
    dump(out + '/facts.json', {
        'images': len(usable), 'not usable': len(drawn) - len(usable), 'train images': len(train),
        'held-out images': len(held), 'pairs': len(rows), 'collections': len(POOL.collections),
        'kinds': dict(collections.Counter(kind for _, kind, _, _ in rows).most_common()),
        'mismatched': sum(m for _, _, m, _ in rows), 'classes': len(kept),
        'head classes': sum(c['head'] for c in kept)})
    for name in 'pool', 'heldout':
        shutil.rmtree(f'{out}/{name}', ignore_errors=True)
        os.rename(f'{out}/{name}.new', f'{out}/{name}')


if __name__ == '__main__':
    main(*sys.argv[1:])
