/** Decodes standard base64 without `atob`, which AudioWorklets lack. */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  for (let i = 0, at = 0; i < text.length; i += 4) {
    const bits = (value(text, i) << 18) | (value(text, i + 1) << 12) | (value(text, i + 2) << 6) | value(text, i + 3);
    bytes[at++] = bits >> 16;
    bytes[at++] = bits >> 8;
    bytes[at++] = bits;
  }
  return bytes;
}

/** The six bits of the character at i; padding counts as 0. Stores past the end of a typed array are dropped. */
function value(text: string, i: number): number {
  const code = text.charCodeAt(i);
  if (code >= 97) return code - 71; // a–z
  if (code >= 65) return code - 65; // A–Z
  if (code >= 48) return code + 4; // 0–9
  return code === 43 ? 62 : code === 47 ? 63 : 0; // + / =
}
