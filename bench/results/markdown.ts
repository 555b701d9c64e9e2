/** Tables as Markdown has them. */

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

/** A table of what `cell` finds, without the rows and columns where it finds nothing. The heads of the first columns, which name a row, come first. */
export function grid<R, C>(
  [heads, rows, name]: readonly [heads: readonly string[], rows: readonly R[], name: (row: R) => readonly string[]],
  [columns, title]: readonly [columns: readonly C[], title: (column: C) => string],
  cell: (row: R, column: C) => string | undefined,
): string {
  const used = columns.filter((column) => rows.some((row) => cell(row, column)));
  const kept = rows.filter((row) => used.some((column) => cell(row, column)));
  return table(
    [...heads, ...used.map(title)],
    kept.map((row) => [...name(row), ...used.map((column) => cell(row, column) ?? '–')]),
  );
}
