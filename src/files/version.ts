/** The version of what this library writes. A reader takes every version up to it. */
export const VERSION = 3;

/** What ops of version 1 are called since. */
const OPS: Readonly<Record<string, string>> = { step: 'heaviside', max: 'maximum', min: 'minimum', maxFeatures: 'max' };

/** What the op is called now that a file of a version calls so. */
export function opName(version: number, name: string): string {
  return version === 1 && Object.hasOwn(OPS, name) ? (OPS[name] as string) : name;
}

/** What the activation of a layer is called now. */
export function activationName(version: number, name: string): string {
  return version === 1 && name === 'step' ? 'heaviside' : name;
}
