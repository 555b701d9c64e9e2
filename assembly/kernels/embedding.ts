/** Rows of a table by their numbers. */
import { isTensor } from '../preconditions';

/** The number that a float says, below `count` whatever it is: what was not checked reads no neighbour. */
function rowOf(id: usize, count: u32): usize {
  const value = load<f32>(id);
  const row: u32 = value >= 0 && value < <f32>count ? <u32>value : 0;
  return min(row, count - 1);
}

/** y[i, j] = table[ids[i], j] of table[count, features]. */
export function embed(y: usize, table: usize, ids: usize, rows: usize, features: usize, count: u32): void {
  if (!ASC_NO_ASSERT) {
    assert(isTensor(y, rows * features) && isTensor(ids, rows), 'embed: y and ids are floats in the heap');
    assert(isTensor(table, <usize>count * features), 'embed: the table is floats in the heap');
  }
  const bytes = features << 2;
  for (let i: usize = 0; i < rows; i++, y += bytes, ids += 4) memory.copy(y, table + rowOf(ids, count) * bytes, bytes);
}

/** table = 0, then table[ids[i], j] += dy[i, j], in the order of the rows. */
export function embedBackward(table: usize, dy: usize, ids: usize, rows: usize, features: usize, count: u32): void {
  if (!ASC_NO_ASSERT) {
    assert(isTensor(dy, rows * features) && isTensor(ids, rows), 'embedBackward: dy and ids are floats in the heap');
    assert(isTensor(table, <usize>count * features), 'embedBackward: the table is floats in the heap');
  }
  const bytes = features << 2;
  memory.fill(table, 0, <usize>count * bytes);
  for (let i: usize = 0; i < rows; i++, ids += 4) {
    let to = table + rowOf(ids, count) * bytes;
    for (let end = dy + bytes; dy < end; dy += 4, to += 4) store<f32>(to, load<f32>(to) + load<f32>(dy));
  }
}
