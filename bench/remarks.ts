/** What limits a figure that falls short of its floor or its aim, as far as is known; by the name of its row in RESULTS.md. */
export const remarks: Readonly<Record<string, string>> = {};
