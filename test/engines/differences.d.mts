export function differences(
  golden: unknown,
  trained: unknown,
): { training: string; step: string; of: string; came: string; expected: string; what: string }[];
