/** Charts, drawn when the site is built: rows of text and bars that stay readable at any width. Their colours are the page's; a table below each says the same. */
import { escaped } from './markdown.mjs';

/** Three digits that count. */
export const digits = (value) => (value >= 999.5 ? Math.round(value).toLocaleString('en') : value.toPrecision(3));

const percent = (share) => `${(100 * share).toFixed(2)}%`;

function chart(label, ticks, rows) {
  const marks = ticks.map(({ at, name, one }) => `<span class="tick${one ? ' one' : ''}" style="left:${percent(at)}"><b>${name}</b></span>`);
  const lines = rows.map(({ name, drawn }) => `<li><span class="name">${escaped(name)}</span><span class="track">${drawn}</span></li>`);
  return `<div class="chart" role="img" aria-label="${escaped(label)}"><div class="ticks">${marks.join('')}</div><ul>${lines.join('')}</ul></div>`;
}

/**
 * Ratios as bars from 1 on a logarithmic scale: to the right where neurite is faster, to the left where it is slower.
 *
 * @param rows `{ name, ratio }`
 * @param ends the least and the greatest of the scale
 */
export function ratioBars(label, rows, [least, greatest]) {
  const place = (ratio) => Math.log(ratio / least) / Math.log(greatest / least);
  const ticks = [1, 10, 100, 1000].filter((tick) => tick <= greatest).map((tick) => ({ at: place(tick), name: `${tick}×`, one: tick === 1 }));
  const bars = rows.map(({ name, ratio }) => {
    const [from, to] = [Math.min(place(1), place(ratio)), Math.max(place(1), place(ratio))];
    const bar = `<i class="${ratio >= 1 ? 'faster' : 'slower'}" style="left:${percent(from)};width:max(2px,${percent(to - from)})"></i>`;
    return { name, drawn: `${bar}<b style="left:${percent(to)}">${digits(ratio)}×</b>` };
  });
  return chart(label, ticks, bars);
}

/**
 * Shares of a whole as dots on a line from 0 to 100 %, those of a row beside one another.
 *
 * @param rows `{ name, dots: { kind, share }[] }`, `kind` being a number that the style sheet colours
 */
export function shareDots(label, rows) {
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((tick) => ({ at: tick, name: `${100 * tick} %`, one: tick === 1 }));
  const lines = rows.map(({ name, dots }) => {
    const shares = dots.map(({ share }) => share);
    const [from, to] = [Math.min(...shares), Math.max(...shares)];
    const span = `<i class="span" style="left:${percent(from)};width:${percent(to - from)}"></i>`;
    return { name, drawn: span + dots.map(({ kind, share }) => `<i class="dot kind${kind}" style="left:${percent(share)}"></i>`).join('') };
  });
  return chart(label, ticks, lines);
}

/** Heights, moved as little as lets names at them be read: lines that end close together have names one below the other. */
function apart(heights, gap = 13, lowest = 212) {
  const order = heights.map((_, i) => i).sort((a, b) => heights[a] - heights[b]);
  const moved = [...heights];
  order.forEach((at, i) => {
    if (i > 0) moved[at] = Math.max(moved[at], moved[order[i - 1]] + gap);
  });
  const over = moved[order.at(-1)] - Math.max(lowest, heights[order.at(-1)]);
  let below = Number.POSITIVE_INFINITY;
  for (const at of [...order].reverse()) {
    if (over > 0) moved[at] = Math.min(moved[at], below - gap, Math.max(lowest, heights[at]));
    below = moved[at];
  }
  return moved;
}

/**
 * Values over time, a line for each row.
 *
 * @param dates of the columns
 * @param rows `{ name, values }`, a value or undefined for each date
 */
export function lines(label, dates, rows) {
  const [width, height, left, right] = [640, 260, 48, 56];
  const all = rows.flatMap(({ values }) => values.filter((value) => value !== undefined));
  const [low, high] = [Math.min(0.9, ...all), Math.max(1.1, ...all)];
  const x = (i) => left + (i * (width - left - right)) / Math.max(1, dates.length - 1);
  const y = (value) => 12 + ((height - 48) * (high - value)) / (high - low);
  const text = (at, down, words, anchor, kind) =>
    `<text x="${at.toFixed(1)}" y="${down.toFixed(1)}" text-anchor="${anchor}" class="${kind}">${escaped(words)}</text>`;
  const axis = [low, 1, high].map(
    (tick) =>
      `<path class="grid" d="M${left} ${y(tick).toFixed(1)}H${width - right}"/>${text(left - 8, y(tick) + 4, tick.toFixed(2), 'end', 'tick')}`,
  );
  const named = [text(x(0), height - 8, dates[0], 'start', 'tick'), text(x(dates.length - 1), height - 8, dates.at(-1), 'end', 'tick')];
  const pointsOf = ({ values }) => values.flatMap((value, i) => (value === undefined ? [] : [[x(i), y(value)]]));
  const downs = apart(rows.map((row) => pointsOf(row).at(-1)[1]));
  const drawn = rows.map((row, kind) => {
    const points = pointsOf(row);
    return `<polyline class="line kind${kind % 8}" points="${points.map((point) => point.map((v) => v.toFixed(1)).join(',')).join(' ')}"/>${text(points.at(-1)[0] + 8, downs[kind] + 4, row.name, 'start', 'end')}`;
  });
  return `<div class="scroll" tabindex="0" role="region" aria-label="Chart"><svg class="lines" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(label)}">${[...axis, ...named, ...drawn].join('')}</svg></div>`;
}
