import { dense, sequential } from 'neurite';
import { decisionBoundary } from '../terminal.js';
import { Table } from './table.js';

const net = sequential(2, [dense(3, 'heaviside', { name: 'H' }), dense(1, 'heaviside', { name: 'O' })]);
net.layer('H').weights.set([1, 0, 0, 1, 1, 1]);
net.layer('H').biases?.set([0, 0, -1]);
net.layer('O').weights.set([1, 1, -1]);
net.layer('O').biases?.set([-1.5]);

// Eighths are exact, so the borders are met exactly.
const steps = Array.from({ length: 25 }, (_, i) => i / 8 - 1);
const grid = steps.flatMap((x1) => steps.map((x2) => [x1, x2] as const));
const inside = (x1: number, x2: number) => x1 >= 0 && x2 >= 0 && x1 + x2 < 1;
const decided = net.predict(grid).flat();

new Table('S1.5', 'a triangle of three threshold units (notes 12)', 'ŷ = 1 exactly where x₁ ≥ 0, x₂ ≥ 0, x₁ + x₂ < 1  (12)')
  .compare('z^O within, and beyond each side', net.logits([0.25, 0.25, -0.25, 0.25, 0.25, -0.25, 0.75, 0.75]), [0.5, -0.5, -0.5, -0.5], 0)
  .compare('ŷ on the borders x₁ = 0, x₂ = 0, x₁ + x₂ = 1', net.predict([0, 0.5, 0.5, 0, 0.5, 0.5]), [1, 1, 0], 0)
  .compare(
    `ŷ on a grid of ${grid.length} points`,
    decided,
    grid.map(([x1, x2]) => Number(inside(x1, x2))),
    0,
  )
  .compare('  points where it is 1', decided.filter((y) => y === 1).length, grid.filter(([x1, x2]) => inside(x1, x2)).length, 0)
  .print();
console.log(decisionBoundary((points) => net.classify(points), { x: [-1, 2], y: [-1, 2], columns: 36, rows: 12 }).concat('\n'));
