/** docs/compatibility.md: the table of what ran where, as text and back. */

const CELLS = ['host', 'way', 'version', 'result'];
const escaped = (text) => text.replace(/\s+/g, ' ').trim().replaceAll('|', '\\|');

/** @param rows `[{ host, way, version, result }]`, with `passed` or the reason as the result */
export function table(rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(CELLS), line(CELLS.map(() => '---')), ...rows.map((row) => line(CELLS.map((cell) => escaped(row[cell]))))].join('\n');
}

/** The document. @param date such as 2026-11-26 @param version of the package */
export function compatibility({ date, version, rows }) {
  const passed = rows.filter(({ result }) => result === 'passed').length;
  return `# Where neurite runs

Made by \`npm run test:everywhere\` on ${date}, of neurite ${version}: ${passed} of ${rows.length} passed.

The command packs the package and installs the tarball in a fresh project for each row. There it runs one program
(\`test/everywhere/program.mjs\` in the repository), with no setting but those that the row names. The program trains a classifier to known bits,
predicts, saves, loads, and meets a typed error. Rows with \`neurite/worker\` compare a training in a worker with the same one in the page, bit for bit.
Builds of bundlers run in Chromium.

${table(rows)}
`;
}

/** What a document of \`compatibility\` was made of. @throws for any other text */
export function parse(text) {
  const [, date, version] = /^Made by `npm run test:everywhere` on (\S+), of neurite (\S+):/m.exec(text) ?? [];
  if (!version) throw new Error('no line says when the table was made, and of which version');
  const lines = text.split('\n').filter((line) => line.startsWith('| '));
  const rows = lines.slice(2).map((line) => {
    const cells = line.slice(2, -2).split(/(?<!\\) \| /);
    return Object.fromEntries(CELLS.map((cell, k) => [cell, (cells[k] ?? '').replaceAll('\\|', '|')]));
  });
  const document = { date, version, rows };
  if (compatibility(document) !== text) throw new Error('the document is not what its own rows give: run npm run test:everywhere');
  return document;
}
