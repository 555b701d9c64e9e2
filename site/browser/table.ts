/** The table of a lesson, in place of examples/seeds/table.ts: it hands its rows to whoever runs the lesson. */
import { Table as PrintedTable } from '../../examples/seeds/table.js';
import { hand } from './printed.js';

export type { Numbers } from '../../examples/seeds/table.js';

export class Table extends PrintedTable {
  override print(): void {
    hand({ kind: 'table', head: this.head, rows: this.rows, differs: this.differs });
  }
}
