/** What limits a figure that falls short of its floor or its aim, as far as it was found out; by the name of its row in RESULTS.md. */
export const remarks: Readonly<Record<string, string>> = {
  'T1 ÷ the fastest JavaScript peer': 'the step executes at 0.84 of the limit; the aim would take 0.98',
  'T3 ÷ the fastest JavaScript peer':
    'the step executes at 0.83 of the limit: products at 0.93, 5 % of the time Adam (its square root and division); the floor would take 0.96 for the whole step',
  'T5 ÷ the fastest JavaScript peer':
    'the products, at 0.9 of the limit; jax-js runs at 2.4 k or at 4.6 k samples/s from one process to the next: this row, measured again, has the faster',
  'T1 ÷ PyTorch with one thread': 'PyTorch’s products run on wider vectors, at 1.8 times the 128-bit limit',
  'T3 ÷ PyTorch with one thread':
    'PyTorch’s products run on wider vectors, at 1.8 times the 128-bit limit; the floor would take 0.99 of that limit for the whole step, Adam included',
  'T4 ÷ plain loops': 'a step is 13 instructions of 22 to 26 ns, each with no more than a few vectors of work',
  'I1, onnxruntime-web’s time ÷ ours': 'one row of 784 against W: 0.75 of the multiply-add limit, as fast as the weights are read',
  'I2 ÷ the fastest JavaScript peer':
    'the products themselves, at 0.94 of the 128-bit limit when nothing else runs in the process, of which the nearest peer’s reach 0.64: the floor would take more than there is',
  'I3 into an array passed in, the fastest JavaScript peer’s time ÷ ours':
    'of 80 ns (relaxed, Node 24), 40 are the first layer, 19 the second, 20 the call, the checks and the copies; the two layers are chains of dependent operations: a product, e^x, a division, and again',
  'C, the bundle of a page that trains, minified and gzipped':
    '37 kB of it are JavaScript: derivatives, traces, files and explain are methods of the network, so a page that does not call them still loads them; 16 kB are the binaries',
};
