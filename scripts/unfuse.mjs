/**
 * Makes the baseline of a binary that multiplies and adds in one: each `f32x4.relaxed_madd` becomes a product and a sum, each `relaxed_nmadd` a
 * product and a difference. All else of the two binaries is then the same, byte for byte, so that one of them and little more travels.
 */

const CODE = 10;
const V128 = 0x7b;

/** f32x4.relaxed_madd and f32x4.relaxed_nmadd: they take a, b and c from the stack. */
export const MADD = [0xfd, 0x85, 0x02];
export const NMADD = [0xfd, 0x86, 0x02];

/** a·b + c: local.set `c`, f32x4.mul, local.get `c`, f32x4.add. */
export const mulAdd = (c) => [0x21, c, 0xfd, 0xe6, 0x01, 0x20, c, 0xfd, 0xe4, 0x01];

/** c − a·b: local.set `c`, f32x4.mul, local.set `product`, local.get `c`, local.get `product`, f32x4.sub. */
export const mulSub = (c, product) => [0x21, c, 0xfd, 0xe6, 0x01, 0x21, product, 0x20, c, 0x20, product, 0xfd, 0xe5, 0x01];

/** An unsigned number, seven bits to a byte, the lowest first (LEB128). */
export function leb(n) {
  const bytes = [];
  do {
    bytes.push((n > 127 ? 128 : 0) | (n & 127));
    n >>>= 7;
  } while (n > 0);
  return bytes;
}

/**
 * The sections of a binary, and its functions: where each has its size, its locals and its code; the first index that no parameter and no local has;
 * and where its multiply-adds are.
 */
export function read(binary) {
  let at = 8;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = binary[at++];
      value |= (byte & 127) << shift;
      if (byte < 128) return value >>> 0;
    }
  };
  const list = (item) => Array.from({ length: number() }, item);
  const sections = [];
  const functions = [];
  let parameters = [];
  let types = [];
  while (at < binary.length) {
    const start = at;
    const id = binary[at++];
    const end = number() + at;
    if (id === 1) {
      parameters = list(() => {
        at++;
        const { length } = list(() => binary[at++]);
        list(() => binary[at++]);
        return length;
      });
    }
    if (id === 3) types = list(number);
    if (id === CODE) {
      for (const type of types.slice(0, number())) {
        const start = at;
        const end = number() + at;
        const locals = list(() => ({ count: number(), type: binary[at++] }));
        const free = locals.reduce((sum, { count }) => sum + count, parameters[type]);
        functions.push({ start, code: at, end, locals, free, sites: sitesIn(binary, at, end) });
        at = end;
      }
    }
    sections.push({ id, start, end });
    at = end;
  }
  return { sections, functions };
}

/** Where the bytes of a multiply-add stand. The binaries here have no constant with such bytes: `unfuse` would be refused by WebAssembly.validate. */
function sitesIn(binary, start, end) {
  const sites = [];
  for (let at = start; at + 2 < end; at++) if (isAt(binary, at, MADD) || isAt(binary, at, NMADD)) sites.push(at);
  return sites;
}

const isAt = (binary, at, bytes) => bytes.every((byte, i) => binary[at + i] === byte);

/** The baseline of a binary. */
export function unfuse(binary) {
  const { sections, functions } = read(binary);
  const bodies = functions.flatMap((body) => {
    const content = unfused(binary, body);
    return [...leb(content.length), ...content];
  });
  const code = [...leb(functions.length), ...bodies];
  const rest = sections.map(({ id, start, end }) => (id === CODE ? [CODE, ...leb(code.length), ...code] : [...binary.subarray(start, end)]));
  return Buffer.from([...binary.subarray(0, 8), ...rest.flat()]);
}

/** The locals and the code of one function, with a local for c, and one for a product where one is subtracted. */
function unfused(binary, { code, end, locals, free, sites }) {
  const content = [];
  let from = code;
  let added = 0;
  for (const site of sites) {
    const adds = isAt(binary, site, MADD);
    content.push(...binary.subarray(from, site), ...(adds ? mulAdd(free) : mulSub(free, free + 1)));
    from = site + MADD.length;
    added = Math.max(added, adds ? 1 : 2);
  }
  if (added > 0 && free + 1 > 127) throw new Error(`a function has ${free} locals; unfuse.mjs writes them as one byte`);
  const groups = locals.map((group) => ({ ...group }));
  const last = groups.at(-1);
  if (added > 0 && last?.type === V128) last.count += added;
  else if (added > 0) groups.push({ count: added, type: V128 });
  return [...leb(groups.length), ...groups.flatMap(({ count, type }) => [...leb(count), type]), ...content, ...binary.subarray(from, end)];
}
