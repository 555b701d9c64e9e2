const ofAll =
  'the products themselves, at about 0.88 of the 128-bit limit on this machine, of which the nearest peer’s reach about 0.65: 1.5 times as fast is all that the limit leaves';

/** What limits a figure that falls short of its floor or its aim, as far as it was found out; by the name of its row in RESULTS.md. */
export const remarks: Readonly<Record<string, string>> = {
  'T1 ÷ the fastest JavaScript peer': 'the step’s products take 9 tenths of its time, at 0.9 of the limit',
  'T3 ÷ the fastest JavaScript peer':
    'products take 93 % of the step at 0.86 of the limit, Adam 7 % (its square root and division); the floor would take more than 0.95 of the limit for the whole step',
  'T5 ÷ the fastest JavaScript peer': 'the products, at 0.86 of the limit',
  'T1 ÷ PyTorch with one thread': 'PyTorch’s products run on wider vectors, at 1.8 times the 128-bit limit',
  'T3 ÷ PyTorch with one thread':
    'PyTorch’s products run on wider vectors, at 1.8 times the 128-bit limit; the floor would take more than 0.95 of that limit for the whole step, Adam included',
  'T4 ÷ plain loops': 'a step is 13 instructions of about 22 ns, each with no more than a few vectors of work',
  'I1, onnxruntime-web’s time ÷ ours': 'one row of 784 against W: 0.75 of the multiply-add limit, as fast as the weights are read',
  'I2 ÷ the fastest JavaScript peer': ofAll,
  'I3 into an array passed in, the fastest JavaScript peer’s time ÷ ours':
    'of 90 ns (relaxed, Node 24), 38 are the sigmoids, two chains of dependent operations, 39 the two products, the rest the call and the copies',
  'C, the bundle of a page that trains, minified and gzipped':
    '34 kB of it are JavaScript: derivatives, traces, files and explain are methods of the network, so a page that does not call them still loads them; 17 kB are the binaries',
};
