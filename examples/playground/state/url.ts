/** A state as the part of an address behind the #, and back. */
import { fields, fitting, type State, usual } from './state.js';

/** What a link did not say rightly. */
export interface Ignored {
  readonly key: string;
  readonly came: string;
  readonly expected: string;
}

type Name = keyof State;
const names = Object.keys(fields) as Name[];

/** Everything is written, defaults too: a link means the same when a default has changed. */
export function write(state: State): string {
  const text = <N extends Name>(name: N) => fields[name].write(state[name]);
  return names
    .filter((name) => name !== 'drawn' || state.data === 'drawn')
    .map((name) => `${fields[name].key}=${text(name)}`)
    .join('&');
}

/** Reads what there is; what is wrong is named and left as usual. */
export function read(hash: string): { readonly state: State; readonly ignored: readonly Ignored[] } {
  const ignored: Ignored[] = [];
  const found: { -readonly [N in Name]?: unknown } = {};
  for (const part of hash.replace(/^#/, '').split('&').filter(Boolean)) {
    const at = part.indexOf('=');
    const key = at < 0 ? part : part.slice(0, at);
    if (key === 'tab') continue;
    const came = decoded(at < 0 ? '' : part.slice(at + 1));
    const name = names.find((one) => fields[one].key === key);
    const value = name && fields[name].read(came);
    if (name && value !== undefined) found[name] = value;
    else ignored.push({ key, came, expected: name ? fields[name].expected : `one of the names ${names.join(', ')}` });
  }
  const given = { ...usual, ...found } as State;
  const state = fitting(given);
  for (const name of ['features', 'loss'] as const)
    if (name in found && String(state[name]) !== String(given[name]))
      ignored.push({ key: name, came: String(given[name]), expected: `what fits ${state.data}: ${state[name]}` });
  return { state, ignored };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What was ignored, in a sentence each. */
export function sentence({ key, came, expected }: Ignored): string {
  const short = came.length > 40 ? `${came.slice(0, 40)}…` : came;
  return `The link’s ${key} is “${short}”, expected ${expected}; it is left as usual.`;
}
