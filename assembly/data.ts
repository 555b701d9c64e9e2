/** y[row, :] = data[order[position + row], :]·scale + offset in f32; order = 0: rows as they come; type: DataType; Uint32 is copied as it is. */
export function gather(y: usize, data: usize, order: usize, position: usize, rows: usize, features: usize, type: i32, scale: f32, offset: f32): void {}
