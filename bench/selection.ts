/** Which rows were asked for. */
export interface Selection {
  (workload: string, family?: string): boolean;
  /** Call it once every row was asked about. @throws Error for names that were asked for and are no row */
  done(): void;
}

/** Whether a row is among those asked for: by its name, or by its family ("T4 step" belongs to T4). Everything is where nothing is asked for. */
export function selection(only: string | null | undefined): Selection {
  const asked = only?.split(',');
  const known = new Set<string>();
  const wanted = (workload: string, family = workload.split(' ')[0] as string) => {
    known.add(workload).add(family);
    return !asked || asked.includes(workload) || asked.includes(family);
  };
  const done = () => {
    const unknown = asked?.filter((name) => !known.has(name)) ?? [];
    if (unknown.length > 0) throw new Error(`--only: no row is called ${unknown.join(', ')}`);
  };
  return Object.assign(wanted, { done });
}
