import type { Bytes } from '../arguments/arrays.js';

/**
 * The characters that stand for bytes: printable ASCII from # on, without those that mean something in a string literal or in HTML. The last
 * three begin a pair.
 */
const ALPHABET = Array.from({ length: 92 }, (_, i) => String.fromCharCode(35 + i))
  .filter((character) => !"$'<\\`".includes(character))
  .join('');

/** Values below this are a character each. */
const SINGLE = ALPHABET.length - 3;

/**
 * Decodes bytes from printable text: value v = (byte + 3) mod 256 is character v, or a pair, character SINGLE + ⌊v / SINGLE⌋ − 1 and then
 * v mod SINGLE. Gzip finds in such text nearly what it finds in the bytes, where base64 hides it; the 3 makes the byte before each SIMD
 * instruction a single character. Needs no `atob`, which AudioWorklets lack.
 */
export function decodePrintable(text: string): Bytes {
  const values = new Uint8Array(128);
  for (let v = 0; v < ALPHABET.length; v++) values[ALPHABET.charCodeAt(v)] = v;
  // The bytes take the place of the characters: there are never more of them.
  const bytes = charactersOf(text);
  const end = bytes.length;
  const single = SINGLE;
  let n = 0;
  for (let i = 0; i < end; i++) {
    let value = values[bytes[i] as number] as number;
    if (value >= single) value = (value - single + 1) * single + (values[bytes[++i] as number] as number);
    bytes[n++] = value - 3;
  }
  return bytes.slice(0, n);
}

/** The codes of ASCII text: by the host's encoder where there is one, which takes a third of the loop's time in a process that just began. */
function charactersOf(text: string): Bytes {
  if (typeof TextEncoder !== 'undefined') return new TextEncoder().encode(text) as Bytes;
  const codes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) codes[i] = text.charCodeAt(i);
  return codes;
}
