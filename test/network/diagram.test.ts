import {
  add,
  clip,
  concat,
  constant,
  crossEntropy,
  dense,
  input,
  matmul,
  meanSquaredError,
  mul,
  named,
  network,
  parameter,
  scale,
  sequential,
  slice,
  square,
  sum,
} from 'neurite';
import { toDot, toMermaid } from 'neurite/inspect';
import { expect, test } from 'vitest';

function branching() {
  const [x, y] = [input(3, 'x'), input(2, 'y')];
  const shared = dense(4, 'relu', { name: 'enc' });
  const gate = mul(shared(x), parameter(4, { name: 'gain' }));
  const h = named(add(gate, shared(concat(y, slice(x, 0, 1)))), 'skip');
  const total = sum(matmul(h, constant([1, 2, 3, 4, 5, 6, 7, 8], [4, 2])));
  return network({
    inputs: [x, y],
    outputs: [dense(3, 'softmax')(h), clip(total, -1, 1)],
    loss: [{ loss: crossEntropy(), weight: 0.5 }, meanSquaredError()],
  });
}

test('a sequential network is its layers, one below the other', () => {
  const net = sequential(784, [dense(128, 'relu'), dense(10, 'softmax', { name: 'digits' })], { loss: crossEntropy() });
  expect(toMermaid(net)).toBe(`flowchart TD
  n0(["x<br>[rows, 784]"])
  n1["dense1<br>dense [128, 784], relu"]
  n2["digits<br>dense [10, 128], softmax"]
  n3(["output<br>crossEntropy"])
  n0 -->|"[rows, 784]"| n1
  n1 -->|"[rows, 128]"| n2
  n2 -->|"[rows, 10]"| n3
`);
  expect(toDot(net)).toBe(`digraph network {
  n0 [shape=oval, label="x\\n[rows, 784]"];
  n1 [shape=box, label="dense1\\ndense [128, 784], relu"];
  n2 [shape=box, label="digits\\ndense [10, 128], softmax"];
  n3 [shape=oval, label="output\\ncrossEntropy"];
  n0 -> n1 [label="[rows, 784]"];
  n1 -> n2 [label="[rows, 128]"];
  n2 -> n3 [label="[rows, 10]"];
}
`);
  net.dispose();
  expect(() => toMermaid(net)).toThrow(/toMermaid: the network was disposed/);
  expect(() => toDot(net)).toThrow(/toDot: the network was disposed/);
});

test('branches, shared layers, free parameters, constants, and ops between layers', () => {
  const net = branching();
  expect(toMermaid(net)).toBe(`flowchart TD
  n0(["x<br>[rows, 3]"])
  n1(["y<br>[rows, 2]"])
  n2["enc<br>dense [4, 3], relu"]
  n3[("gain<br>[4]")]
  n4("mul")
  n5("slice 0 to 1")
  n6("concat")
  n7["enc_2<br>dense [4, 3], relu"]
  n8("skip<br>add")
  n9["dense2<br>dense [3, 4], softmax"]
  n10[("constant1<br>[4, 2]")]
  n11("matmul")
  n12("sumFeatures")
  n13("clip [-1, 1]")
  n14(["output 0<br>0.5 × crossEntropy"])
  n15(["output 1<br>meanSquaredError"])
  n0 -->|"[rows, 3]"| n2
  n2 -->|"[rows, 4]"| n4
  n3 -->|"[4]"| n4
  n0 -->|"[rows, 3]"| n5
  n1 -->|"[rows, 2]"| n6
  n5 -->|"[rows, 1]"| n6
  n6 -->|"[rows, 3]"| n7
  n4 -->|"[rows, 4]"| n8
  n7 -->|"[rows, 4]"| n8
  n8 -->|"[rows, 4]"| n9
  n8 -->|"[rows, 4]"| n11
  n10 -->|"[4, 2]"| n11
  n11 -->|"[rows, 2]"| n12
  n12 -->|"[rows, 1]"| n13
  n9 -->|"[rows, 3]"| n14
  n13 -->|"[rows, 1]"| n15
`);
  net.dispose();
});

test('both languages have the same graph', () => {
  const net = branching();
  const mermaid = [...toMermaid(net).matchAll(/^ {2}(\w+) -->\|"(.*)"\| (\w+)$/gm)].map(([, from, shape, to]) => [from, to, shape]);
  const dot = [...toDot(net).matchAll(/^ {2}(\w+) -> (\w+) \[label="(.*)"\];$/gm)].map(([, from, to, shape]) => [from, to, shape]);
  expect(dot).toEqual(mermaid);
  expect(dot).toHaveLength(16);
  net.dispose();
});

test('an input that is an output, and constants of ops', () => {
  const x = input(2, 'x');
  const net = network({ inputs: x, outputs: [x, scale(square(x), 0.5)] });
  expect(toDot(net)).toContain('label="affine 0.5·x + 0"');
  expect(toDot(net)).toMatch(/n0 -> n3 \[label="\[rows, 2\]"\]/);
  net.dispose();
});

test('names are text, whatever they hold', () => {
  const x = input(2, 'a "b"\n<c> `#d` \\');
  const net = network({ inputs: x, outputs: square(x) });
  expect(toMermaid(net)).toContain('n0(["a #34;b#34; #60;c#62; #96;#35;d#96; \\<br>[rows, 2]"])');
  expect(toDot(net)).toContain('label="a \\"b\\" <c> `#d` \\\\\\n[rows, 2]"');
  net.dispose();
});
