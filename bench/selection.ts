/** Whether a row is among those asked for: by its name, or by its family ("T4 step" belongs to T4). Everything is where nothing is asked for. */
export function selection(only: string | null | undefined): (workload: string, family?: string) => boolean {
  const asked = only?.split(',');
  return (workload, family = workload.split(' ')[0]) => !asked || asked.includes(workload) || asked.includes(family as string);
}
