/** The front page: what neurite is, in ten seconds, with a network that learns while one reads. Its figures are the README's, its program the README's first. */
import { readFileSync } from 'node:fs';
import { linksOf, pageOf } from './guides.mjs';
import { program, render } from './markdown.mjs';
import { way } from './template.mjs';

const PATH = 'index.html';

function found(pattern, text, what) {
  const match = pattern.exec(text);
  if (!match) throw new Error(`site: the front page finds no ${what}`);
  return match;
}

/** A link of the README as one of this page. */
const fromReadme = (href) =>
  /^(https?:|#)/.test(href) ? href : way(PATH, new URL(linksOf('README.md')(href), 'http://site/guides/').pathname.slice(1));

/** @param lessons how many there are */
export function frontPage(lessons) {
  const readme = readFileSync('README.md', 'utf8');
  const [, first] = found(/^```ts\n([\s\S]*?)^```$/m, readme, 'program in the README');
  const [, speed] = found(/<!-- from bench\/history: speed -->\n([\s\S]*?)<!-- end -->/, readme, 'figures in the README');
  const [, nearest, other] = found(/\| (\d[\d.]*) × \(([\w-]+)\) \|/, speed, 'ratio');
  const [, passed, ways] = found(/(\d+) of (\d+) passed/, readFileSync('docs/compatibility.md', 'utf8'), 'count of hosts');
  const { 'size-limit': sizes } = JSON.parse(readFileSync('package.json', 'utf8'));
  const { limit } = sizes.find(({ path }) => path.endsWith('/training.js'));
  const to = (page) => way(PATH, page);
  const points = [
    [
      'Fast',
      `A training step on images of digits runs ${nearest} times as fast as with ${other}, the nearest in JavaScript.`,
      'figures.html',
      'All figures',
    ],
    [
      'Reproducible',
      'A seed gives the same bits on every engine and processor, with every pause and resumption.',
      pageOf('docs/reproducibility.md'),
      'Which bits',
    ],
    [
      'Open to view',
      'Every z, every δ and each factor of the chain rule can be read, with exact first and second derivatives.',
      'lessons/index.html',
      'Lessons that run',
    ],
    ['Awake', 'Training gives the page its turn every 12 ms, or runs in a worker with the same calls.', pageOf('docs/worker.md'), 'In a worker'],
    [
      'Small',
      `At most ${limit.replace(' kB', '&nbsp;kB')} gzipped to train, the WebAssembly included. Nothing else to install.`,
      pageOf('docs/limits.md'),
      'What it leaves out',
    ],
    [
      'At home anywhere',
      `Tried in ${passed} of ${ways} ways: browsers, Node, Bun, Deno, edge hosts, bundlers.`,
      pageOf('docs/compatibility.md'),
      'Where it runs',
    ],
  ];
  const body = `<section class="hero">
<div>
<h1>Neural networks that learn where your JavaScript runs</h1>
<p class="lead">neurite trains and runs dense neural networks in browsers, Node and at the edge, at the speed of the processor’s SIMD units.
No dependencies, no configuration, no server.</p>
<p class="ways"><a class="button main" href="${to('playground/index.html')}">Open the playground</a> <a class="button" href="${to(pageOf('docs/getting-started.md'))}">Get started</a></p>
${program('npm install neurite\n', 'bash')}
</div>
<figure class="live">
<div id="xor"><p class="wait">The network starts in a moment.</p></div>
<figcaption>The exclusive or, learnt in this page as you look: the ground shows what the network says of each place, the dots are what it learns from.</figcaption>
</figure>
</section>
<section aria-labelledby="why"><h2 id="why">Why neurite</h2>
<ul class="points">${points.map(([title, text, page, link]) => `<li><h3>${title}</h3><p>${text}</p><p><a href="${to(page)}">${link}</a></p></li>`).join('')}</ul></section>
<section aria-labelledby="first"><h2 id="first">A first program</h2>
<p>Which of 400 points lie in the circle? Save this as <code>first.mjs</code> and run <code>node first.mjs</code>. What stands behind an arrow is what the line prints.</p>
${program(first, 'typescript')}</section>
<section aria-labelledby="speed"><h2 id="speed">Beside other systems</h2>
${render(speed, { link: fromReadme }).html}
<p>The second column is neurite’s own figure; the others say how many times as fast it is. <a href="${to('figures.html')}">Every workload and engine</a>, also where it falls short.</p></section>
<section aria-labelledby="learn"><h2 id="learn">Learn how networks learn</h2>
<p>In ${lessons} short <a href="${to('lessons/index.html')}">lessons</a> it goes from a single threshold unit to back propagation by numbers. Each runs in its page, on neurite, and holds what it computes against the formula.</p></section>`;
  return [
    {
      path: PATH,
      title: 'neurite: neural networks in JavaScript',
      description: 'Trains and runs dense neural networks in browsers, Node and at the edge, at the speed of SIMD WebAssembly. No dependencies.',
      kind: 'front',
      body,
      scripts: ['home.js'],
    },
  ];
}
