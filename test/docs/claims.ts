/**
 * What a program of the docs claims of itself, made to be checked:
 *
 * - `console.log(a, b); // → 3 [0.25, …]`: it prints this. A number is as near as its digits say, `≥ 0.9`, `≤`, `<` and `>` are bounds, `…` is anything.
 * - `net.step(x, y); // throws BusyError: step`: it throws this, and says what begins so.
 */

/** Whether a text is as expected. It names nothing outside of it, as its source goes into pages. */
export function fits(found: string, expected: string): boolean {
  const number = /([≥≤<>] ?)?(?<![\w.])([-−]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?![\w]|\.\d)/g;
  const literally = (text: string) =>
    text
      .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
      .replaceAll('…', '[\\s\\S]*')
      .replace(/\s+/g, '\\s+');
  const claims: [bound: string, text: string][] = [];
  let pattern = '';
  let from = 0;
  for (const match of expected.matchAll(number)) {
    pattern += `${literally(expected.slice(from, match.index))}(?<![\\d.])(-?(?:\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?|Infinity)|NaN)`;
    claims.push([(match[1] ?? '').trim(), String(match[2]).replace('−', '-')]);
    from = match.index + match[0].length;
  }
  const matched = new RegExp(`^${pattern}${literally(expected.slice(from))}$`).exec(found);
  if (!matched) return false;
  return claims.every(([bound, text], i) => {
    const value = Number(matched[i + 1]);
    const claimed = Number(text);
    if (bound === '≥') return value >= claimed;
    if (bound === '≤') return value <= claimed;
    if (bound === '<') return value < claimed;
    if (bound === '>') return value > claimed;
    const [digits = '', exponent = 0] = text.split('e');
    return Math.abs(value - claimed) <= 0.5000001 * 10 ** (Number(exponent) - (digits.split('.')[1]?.length ?? 0));
  });
}

/** Runs before a program: keeps what is printed, and compares. One source for Node and for pages, so it names nothing of either. */
export const PRELUDE = `
const show = (value, inside = false) => {
  if (typeof value === 'string') return inside ? JSON.stringify(value) : value;
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) value = Array.from(value);
  if (Array.isArray(value)) return '[' + value.map((one) => show(one, true)).join(', ') + ']';
  if (value instanceof Error) return value.name + ': ' + value.message;
  if (typeof value === 'object' && value !== null && [Object.prototype, null].includes(Object.getPrototypeOf(value)))
    return '{ ' + Object.entries(value).map(([key, one]) => key + ': ' + show(one, true)).join(', ') + ' }';
  return String(value);
};
const said = { text: undefined, count: 0 };
const print = console.log.bind(console);
console.log = (...values) => {
  said.text = values.map((value) => show(value)).join(' ');
  said.count++;
  print(...values);
};
${fits}
globalThis.__claims = 0;
globalThis.__prints = (line, expected) => {
  globalThis.__claims++;
  const found = said.text;
  said.text = undefined;
  if (found === undefined) throw new Error('line ' + line + ': nothing was printed, expected ' + expected);
  if (!fits(found, expected)) throw new Error('line ' + line + ': printed ' + found + '\\n  expected ' + expected);
};
globalThis.__end = (n) => {
  if (globalThis.__claims < n) throw new Error(globalThis.__claims + ' of ' + n + ' claims were reached');
};
globalThis.__throws = async (line, expected, run) => {
  globalThis.__claims++;
  try {
    await run();
  } catch (error) {
    const found = show(error);
    if (fits(found, expected + '…')) return;
    throw new Error('line ' + line + ': threw ' + found + '\\n  expected ' + expected);
  }
  throw new Error('line ' + line + ': threw nothing, expected ' + expected);
};
`;

/**
 * A program whose claims are calls of the prelude's functions. It has as many lines as it had.
 * @throws Error for a claim that stands behind no statement
 */
export function checked(code: string, first: number): { readonly code: string; readonly claims: number } {
  let claims = 0;
  const lines = code.split('\n').map((line, i) => {
    const at = JSON.stringify(first + i);
    const found = /^(.*;)\s*\/\/ → (.*)$/.exec(line);
    if (found) {
      claims++;
      return `${found[1]} __prints(${at}, ${JSON.stringify(found[2])});`;
    }
    const thrown = /^(\s*)(.*);\s*\/\/ throws (.*)$/.exec(line);
    if (thrown) {
      claims++;
      return `${thrown[1]}await __throws(${at}, ${JSON.stringify(thrown[3])}, async () => { ${thrown[2]}; });`;
    }
    if (/\/\/ (→|throws )/.test(line)) throw new Error(`line ${at}: a claim stands behind no statement: ${line.trim()}`);
    return line;
  });
  return { code: lines.join('\n'), claims };
}
