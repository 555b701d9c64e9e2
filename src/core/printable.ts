import type { Bytes } from '../arguments/arrays.js';

/**
 * The alphabet: printable ASCII from # on, without the characters that are special in a string literal or in HTML. The last three begin a
 * pair.
 */
const ALPHABET = Array.from({ length: 92 }, (_, i) => String.fromCharCode(35 + i))
  .filter((character) => !"$'<\\`".includes(character))
  .join('');

/** Values below this are a character each. */
const SINGLE = ALPHABET.length - 3;

/**
 * Decodes bytes from printable text: value v = (byte + 3) mod 256 is character v, or a pair, character SINGLE + ⌊v / SINGLE⌋ − 1 and then
 * v mod SINGLE. Gzip compresses such text nearly as well as the bytes; base64 would hide the repetitions. The 3 makes the prefix byte of
 * SIMD instructions a single character. Needs no `atob`, which AudioWorklets lack.
 */
export function decodePrintable(text: string): Bytes {
  const values = new Uint8Array(128);
  for (let v = 0; v < ALPHABET.length; v++) values[ALPHABET.charCodeAt(v)] = v;
  const bytes = new Uint8Array(text.length);
  let n = 0;
  for (let i = 0; i < text.length; i++) {
    let value = values[text.charCodeAt(i)] as number;
    if (value >= SINGLE) value = (value - SINGLE + 1) * SINGLE + (values[text.charCodeAt(++i)] as number);
    bytes[n++] = value - 3;
  }
  return bytes.slice(0, n);
}
