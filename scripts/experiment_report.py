"""What `scripts/experiment` can show, what a model got right, and the report.

    experiment_report.py plan OUT SEEDS        before training: the smallest differences that can be seen
    experiment_report.py judge OUT SET SEED    features -> OUT/runs/SET-SEED/result.json
    experiment_report.py report OUT SEED...    -> OUT/results.jsonl, OUT/report.md, OUT/report.svg
    experiment_report.py publish OUT DOCS      report -> DOCS/experiment.md (between its marks), .svg

docs/experiment.md says what the numbers are.
"""
import json
import math
import os
import re
import sys

import numpy

SETS = ['raw', 'matched', 'balanced']
MEASURES = [('macro', 'accuracy, all classes'), ('head', 'accuracy, head classes'),
            ('tail', 'accuracy, tail classes'), ('image_to_text_1', 'right caption first'),
            ('image_to_text_5', 'right caption in 5'), ('text_to_image_1', 'right image first'),
            ('text_to_image_5', 'right image in 5')]
# Student's t, two-sided 95 %, by degrees of freedom: few seeds tell little of their own spread.
STUDENT = [math.nan, 12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26]
ASSUMED_ACCURACY, ASSUMED_RECALL, ASSUMED_SEED_SPREAD = 0.3, 0.1, 0.01
RESAMPLES = 2000
BEGIN, END = '<!-- results: begin -->\n', '<!-- results: end -->'


def student(seeds):
    return STUDENT[seeds - 1] if seeds - 1 < len(STUDENT) else 2.0


def load(path):
    with open(path, encoding='utf8') as file:
        return json.load(file)


class Heldout:
    def __init__(self, out):
        self.classes = load(out + '/heldout/classes.json')
        with open(out + '/heldout/images.jsonl', encoding='utf8') as lines:
            self.images = [json.loads(line) for line in lines]
        place = {c['name']: k for k, c in enumerate(self.classes)}
        self.labelled = [i for i, image in enumerate(self.images) if image['class']]
        self.labels = numpy.array([place[self.images[i]['class']] for i in self.labelled])
        self.captioned = [i for i, image in enumerate(self.images) if image['caption']]
        head = numpy.array([c['head'] for c in self.classes])
        self.of = {'macro': numpy.arange(len(head)), 'head': numpy.flatnonzero(head),
                   'tail': numpy.flatnonzero(~head)}

    def macro(self, right, measure):
        """Mean over the measure's classes of the mean of what is right; right is [..., images]."""
        return numpy.mean([right[..., self.labels == k].mean(axis=-1) for k in self.of[measure]], axis=0)

    def binomial_error(self, measure, p):
        """Of such a mean, if each image is right with probability p."""
        sizes = [self.classes[k]['images'] for k in self.of[measure]]
        return math.sqrt(sum(p * (1 - p) / n for n in sizes)) / len(sizes)


# ---- before training ----


def points(share):
    return '-' if math.isinf(share) else f'{100 * share:.1f}'


def plan(out, seeds):
    seeds, held = int(seeds), Heldout(out)
    rows = [(measure, name, held.binomial_error(measure, ASSUMED_ACCURACY),
             sum(held.classes[k]['images'] for k in held.of[measure])) for measure, name in MEASURES[:3]]
    rows.append(('recall', 'any recall', math.sqrt(ASSUMED_RECALL * (1 - ASSUMED_RECALL)
                                                   / len(held.captioned)), len(held.captioned)))
    print(f'Stated before training, for {seeds} seed{"s" * (seeds > 1)} a set. The error of one number by '
          f'its images is binomial, at an accuracy of\n{100 * ASSUMED_ACCURACY:.0f} % '
          f'(recall: {100 * ASSUMED_RECALL:.0f} %), and more seeds do not make it smaller, for all are asked '
          f'the same images. A difference of two sets\ncan be seen if it is larger than its 95 % interval: '
          f'by images as if each set had its own, which is cautious; by seeds\nas if these spread by '
          f'{100 * ASSUMED_SEED_SPREAD:.1f} points, which is a guess (with Student\'s t for so few).\n')
    print('| measure | images | classes | error of one number | seen: by images | by seeds | by both |\n'
          '|---|---|---|---|---|---|---|')
    for measure, name, error, images in rows:
        by_images = 1.96 * math.sqrt(2) * error
        by_seeds = student(seeds) * ASSUMED_SEED_SPREAD * math.sqrt(2 / seeds) if seeds > 1 else math.inf
        classes = len(held.of[measure]) if measure in held.of else '-'
        print(f'| {name} | {images} | {classes} | ' + ' | '.join(
            points(v) for v in (error, by_images, by_seeds, math.hypot(by_images, by_seeds))) + ' |')
    print('\nAll in points of a hundred. Smaller differences than in the last column are no result.')


# ---- one model ----


def direction(features):
    return features / numpy.linalg.norm(features, axis=-1, keepdims=True)


def rank_of_right(scores):
    """For each row of [n, n], how many are better than the one on the diagonal, or as good."""
    right = numpy.diag(scores)[:, None]
    return (scores >= right).sum(axis=1) - 1


def judge(out, which, seed):
    held, folder = Heldout(out), f'{out}/runs/{which}-{seed}'
    images, prompts, captions = (numpy.load(f'{folder}/{name}.npy') for name in
                                 ('images', 'prompts', 'captions'))
    n_classes = len(held.classes)
    if (len(images), len(captions)) != (len(held.images), len(held.captioned)) or len(prompts) % n_classes:
        sys.exit(f'{folder}: the features are not those of the held-out images and texts')
    for_class = direction(prompts.reshape(-1, n_classes, prompts.shape[1]).mean(axis=0))
    said = (images[held.labelled] @ for_class.T).argmax(axis=1)
    right = (said == held.labels)
    scores = images[held.captioned] @ captions.T
    image_ranks, text_ranks = rank_of_right(scores), rank_of_right(scores.T)
    result = {'set': which, 'seed': int(seed), 'model_images': len(images)}
    result.update({measure: float(held.macro(right, measure)) for measure in held.of})
    for k in 1, 5:
        result[f'image_to_text_{k}'] = float((image_ranks < k).mean())
        result[f'text_to_image_{k}'] = float((text_ranks < k).mean())
    result['by_class'] = {c['name']: float(right[held.labels == k].mean())
                          for k, c in enumerate(held.classes)}
    # What the intervals are computed from: image by image.
    result['right'] = ''.join('01'[int(r)] for r in right)
    result['image_ranks'], result['text_ranks'] = image_ranks.tolist(), text_ranks.tolist()
    with open(f'{folder}/result.json.new', 'w', encoding='utf8') as file:
        json.dump(result, file)
    os.rename(f'{folder}/result.json.new', f'{folder}/result.json')
    print(', '.join(f'{name} {100 * result[measure]:.1f} %' for measure, name in MEASURES))


# ---- all of them ----


def rights(results, measure):
    """[seeds, images]: which images count as right for a measure."""
    if measure in ('macro', 'head', 'tail'):
        return numpy.array([[c == '1' for c in r['right']] for r in results], float)
    ranks = 'image_ranks' if measure.startswith('image') else 'text_ranks'
    return numpy.array([[rank < int(measure[-1]) for rank in r[ranks]] for r in results], float)


def image_error(held, difference, measure):
    """By bootstrap over images (within their classes), of a mean of differences [images]."""
    rng = numpy.random.default_rng(0)
    if measure not in held.of:
        n = len(difference)
        return difference[rng.integers(n, size=(RESAMPLES, n))].mean(axis=1).std()
    groups = [numpy.flatnonzero(held.labels == k) for k in held.of[measure]]
    return numpy.mean([difference[rng.choice(g, (RESAMPLES, len(g)))].mean(axis=1)
                       for g in groups], axis=0).std()


def compare(held, a, b, measure):
    """Mean of b - a, and half of its 95 % interval; the runs of a seed belong together."""
    difference = rights(b, measure) - rights(a, measure)
    by_seed = held.macro(difference, measure) if measure in held.of else difference.mean(axis=1)
    by_images = 1.96 * image_error(held, difference.mean(axis=0), measure)
    n = len(by_seed)
    by_seeds = student(n) * by_seed.std(ddof=1) / math.sqrt(n) if n > 1 else math.inf
    return by_seed.mean(), math.hypot(by_images, by_seeds)


def spread(values):
    return f'{100 * numpy.mean(values):.1f} ± {100 * numpy.std(values, ddof=1):.1f}' \
        if len(values) > 1 else f'{100 * values[0]:.1f}'


def verdict(mean, half):
    if math.isinf(half):
        return f'{100 * mean:+.1f} (one seed)'
    return f'{100 * mean:+.1f} ± {100 * half:.1f}' + (' **' if abs(mean) > half else '')


def tables(out, held, runs):
    seeds = len(runs['raw'])
    lines = [f'Mean and standard deviation of {seeds} seed{"s" * (seeds > 1)}, in percent.', '',
             '| measure | chance | ' + ' | '.join(SETS) + ' |', '|---|---|' + '---|' * len(SETS)]
    for measure, name in MEASURES:
        chance = 1 / len(held.classes) if measure in held.of else int(measure[-1]) / len(held.captioned)
        lines.append(f'| {name} | {100 * chance:.1f} | ' + ' | '.join(
            spread([r[measure] for r in runs[s]]) for s in SETS) + ' |')
    lines += ['', 'Differences with their 95 % intervals, in points, from images and seeds together; what is '
              'larger than its interval has two stars.', '',
              '| measure | matched - raw | balanced - matched | balanced - raw |', '|---|---|---|---|']
    for measure, name in MEASURES:
        lines.append(f'| {name} | ' + ' | '.join(
            verdict(*compare(held, runs[a], runs[b], measure))
            for a, b in (('raw', 'matched'), ('matched', 'balanced'), ('raw', 'balanced'))) + ' |')
    lines += ['', 'By class, the largest in the pool first:', '',
              '| class | | images | pairs of the pool | ' + ' | '.join(SETS) + ' |',
              '|---|---|---|---|' + '---|' * len(SETS)]
    for c in held.classes:
        lines.append(f'| {c["name"]} | {"head" if c["head"] else "tail"} | {c["images"]} | {c["pairs"]} | '
                     + ' | '.join(spread([r['by_class'][c['name']] for r in runs[s]]) for s in SETS) + ' |')
    return lines


def plot(runs):
    """A column a measure: a mark a model, a bar at the mean of each set."""
    colours = dict(zip(SETS, ('#8a8a8a', '#3b78c2', '#d0662b')))
    width, height, left, top, bottom = 900, 380, 50, 40, 60
    best = max(r[m] for rs in runs.values() for r in rs for m, _ in MEASURES)
    scale = max(0.05, math.ceil(best * 20) / 20)
    y = lambda v: top + (height - top - bottom) * (1 - v / scale)
    column = (width - left - 10) / len(MEASURES)
    svg = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
           f'font-size="12">', f'<rect width="{width}" height="{height}" fill="#fff"/>']
    for i in range(6):
        v = scale * i / 5
        svg.append(f'<path d="M{left} {y(v):.1f}H{width - 10}" stroke="#ddd"/><text x="{left - 6}" '
                   f'y="{y(v) + 4:.1f}" text-anchor="end">{100 * v:.0f} %</text>')
    for m, (measure, name) in enumerate(MEASURES):
        middle = left + column * (m + 0.5)
        for line, words in enumerate(re.fullmatch(r'(accuracy|\w+ \w+),? (.*)', name).groups()):
            svg.append(f'<text x="{middle:.1f}" y="{height - bottom + 20 + 15 * line}" '
                       f'text-anchor="middle">{words}</text>')
        for s, which in enumerate(SETS):
            x, values = middle + (s - 1) * column * 0.26, [r[measure] for r in runs[which]]
            mean = y(numpy.mean(values))
            svg.append(f'<path d="M{x - 12:.1f} {mean:.1f}h24" stroke="{colours[which]}" stroke-width="3"/>')
            svg += [f'<circle cx="{x:.1f}" cy="{y(v):.1f}" r="3.5" fill="{colours[which]}" '
                    f'fill-opacity=".6"/>' for v in values]
    for s, which in enumerate(SETS):
        svg.append(f'<circle cx="{left + 10 + 110 * s}" cy="18" r="5" fill="{colours[which]}"/>'
                   f'<text x="{left + 20 + 110 * s}" y="22">{which}</text>')
    return '\n'.join(svg + ['</svg>', ''])


def report(out, *seeds):
    held = Heldout(out)
    runs = {s: [load(f'{out}/runs/{s}-{seed}/result.json') for seed in seeds] for s in SETS}
    with open(out + '/results.jsonl', 'w', encoding='utf8') as lines:
        for result in (r for seed in zip(*runs.values()) for r in seed):
            lines.write(json.dumps(result) + '\n')
    with open(out + '/plan.md', encoding='utf8') as file:
        planned = file.read()
    facts, sizes = load(out + '/facts.json'), load(out + '/sets.json')
    training = load(f'{out}/runs/raw-{seeds[0]}/train.json')
    text = ['# Raw, matched, balanced', '',
            f'{facts["train images"]} images gave {facts["pairs"]} pairs of the pool, of which '
            f'{facts["mismatched"]} have the text of another image; the models are asked about '
            f'{facts["held-out images"]} images that gave none. ' + ', '.join(
                f'{name}: {sizes[name]} pairs' for name in SETS) + '.',
            f'Each model saw {training["seen_pairs"]} pairs, {training["batch"]} a step.', '',
            '## What can be shown', '', planned, '## What came out', '', '![](report.svg)', '',
            *tables(out, held, runs), '']
    with open(out + '/report.svg', 'w', encoding='utf8') as file:
        file.write(plot(runs))
    with open(out + '/report.md', 'w', encoding='utf8') as file:
        file.write('\n'.join(text))


def publish(out, docs):
    with open(out + '/report.md', encoding='utf8') as file:
        text = file.read().split('\n', 1)[1].replace('\n## ', '\n### ').replace('report.svg', 'experiment.svg')
    with open(docs + '/experiment.md', encoding='utf8') as file:
        before, rest = file.read().split(BEGIN)
    with open(docs + '/experiment.md', 'w', encoding='utf8') as file:
        file.write(before + BEGIN + text + END + rest.split(END)[1])
    with open(out + '/report.svg', encoding='utf8') as plotted, \
            open(docs + '/experiment.svg', 'w', encoding='utf8') as file:
        file.write(plotted.read())


if __name__ == '__main__':
    {'plan': plan, 'judge': judge, 'report': report, 'publish': publish}[sys.argv[1]](*sys.argv[2:])
