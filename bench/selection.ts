/** Which rows were asked for. */
export interface Selection {
  (workload: string, family?: string): boolean;
  /** What was asked for and is no row so far. */
  unknown(): string[];
}

/** Whether a row is among those asked for: by its name, or by its family ("T4 step" belongs to T4). Everything is where nothing is asked for. */
export function selection(only: string | null | undefined): Selection {
  const asked = only?.split(',');
  const known = new Set<string>();
  const wanted = (workload: string, family = workload.split(' ')[0] as string) => {
    known.add(workload).add(family);
    return !asked || asked.includes(workload) || asked.includes(family);
  };
  return Object.assign(wanted, { unknown: () => asked?.filter((name) => !known.has(name)) ?? [] });
}
