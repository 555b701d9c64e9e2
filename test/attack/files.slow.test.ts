/** The attack with files finds a reader that lets one kind of damage through: so it can fail. */
import { type AnyNetwork, FileError, fromJSON, load } from 'neurite';
import { expect, test } from 'vitest';
import { attackFiles, type Reader } from './files.js';

const sound = { load, fromJSON } as unknown as Reader;

/** The kinds of findings about a reader. */
async function findings(reader: Partial<Reader>): Promise<string[]> {
  const { findings } = await attackFiles(2, { mutated: 300, made: 1200 }, Number.POSITIVE_INFINITY, { ...sound, ...reader });
  return [...findings.keys()];
}

/** The file without what follows its last tensor. */
function trimmed(file: Uint8Array): Uint8Array {
  try {
    const data = 8 + Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
    const { __metadata__, ...tensors } = JSON.parse(new TextDecoder().decode(file.subarray(8, data)));
    return file.subarray(
      0,
      data + Math.max(0, ...Object.values(tensors as Record<string, { data_offsets: number[] }>).map((t) => t.data_offsets[1] as number)),
    );
  } catch {
    return file;
  }
}

test('a reader that overlooks bytes behind the last tensor', async () => {
  const found = await findings({ load: (file, options) => sound.load(trimmed(file), options) });
  expect(found.length).toBeGreaterThan(0);
  for (const kind of found) expect(kind).toMatch(/^ACCEPTED load: .*, bytes more$/);
});

test('a reader of JSON that puts a seed right', async () => {
  const found = await findings({
    fromJSON: (json, options) =>
      sound.fromJSON(typeof json === 'string' ? json.replace(/"seed":(-1|0\.5|4294967296|null|"1"|1e\+308)/, '"seed":1') : json, options),
  });
  expect(found.length).toBeGreaterThan(0);
  for (const kind of found) expect(kind).toMatch(/^ACCEPTED fromJSON: .*, a seed that is none$/);
});

test('a reader with an error that is none of its own', async () => {
  const found = await findings({
    load: (file, options) => {
      try {
        return sound.load(file, options);
      } catch (error) {
        throw error instanceof FileError && error.message.includes('data_offsets') ? new RangeError('offset is out of bounds') : error;
      }
    },
  });
  expect(found.length).toBeGreaterThan(0);
  for (const kind of found) expect(kind).toMatch(/^RAW load: .*RangeError/);
});

test('a reader that refuses what is sound', async () => {
  const found = await findings({
    load: (file, options) => {
      const net: AnyNetwork = sound.load(file, options);
      if (net.optimizer?.name !== 'adamW') return net;
      net.dispose();
      throw new FileError('load: the optimizer is adamW, expected another');
    },
  });
  expect(found.some((kind) => /^REFUSED .*, nothing wrong/.test(kind))).toBe(true);
});

test('a reader that changes a parameter', async () => {
  const found = await findings({
    load: (file, options) => {
      const net = sound.load(file, options);
      if (net.parameterCount > 0) net.parameters[0] = (net.parameters[0] as number) + 1;
      return net;
    },
  });
  expect(found.some((kind) => /^USED load: .*the bytes differ/.test(kind))).toBe(true);
});

test('a reader that keeps networks', async () => {
  const kept: AnyNetwork[] = [];
  const found = await findings({
    load: (file, options) => {
      const net = sound.load(file, options);
      if (kept.length === 0) kept.push(sound.load(file, options));
      return net;
    },
  });
  for (const net of kept) net.dispose();
  expect(found).toEqual(['LEAK: blocks are left when every network is disposed']);
});
