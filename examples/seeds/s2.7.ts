import { dense, sequential, squaredError } from 'neurite';
import { trace as traceOf } from 'neurite/inspect';
import { Table } from './table.js';

const net = sequential(2, [dense(2, 'sigmoid', { name: 'layer 1' }), dense(2, 'sigmoid', { name: 'layer 2' })], {
  loss: squaredError({ scale: 0.5 }),
});
net.layer('layer 1').weights.set([0.15, 0.2, 0.25, 0.3]);
net.layer('layer 1').biases?.set([0.35, 0.35]);
net.layer('layer 2').weights.set([0.4, 0.45, 0.5, 0.55]);
net.layer('layer 2').biases?.set([0.6, 0.6]);

const trace = traceOf(net, [0.05, 0.1], [0.01, 0.99]);
const [one, two] = [trace.layer('layer 1'), trace.layer('layer 2')];
const slope = trace.slope('layer 2', 'layer 2.z').values;

new Table(
  'S2.7',
  'back propagation by numbers, 2-2-2 sigmoid units (notes 41)',
  'L = ½‖ŷ − y‖², ∂L/∂w²₁₁ = ∂L/∂ŷ₁ · ∂ŷ₁/∂z²₁ · ∂z²₁/∂w²₁₁, δ¹ = (W²ᵀδ²) ⊙ σ′(z¹)',
)
  .compare('z¹', one.z.values, [0.3775, 0.3925])
  .compare('a¹', one.u.values, [0.5933, 0.5969])
  .compare('z²', two.z.values, [1.106, 1.225], 5e-4)
  .compare('ŷ = a²', two.u.values, [0.7514, 0.7729])
  .compare('L', trace.loss, 0.2984)
  .compare('∂L/∂ŷ₁', two.du.values[0], 0.7414)
  .compare('∂ŷ₁/∂z²₁', slope[0], 0.1868)
  .compare('∂z²₁/∂w²₁₁ = a¹₁', one.u.values[0], 0.5933)
  .compare('∂L/∂w²₁₁', two.dw.values[0], 0.082167, 5e-7)
  .compare('δ²', two.dz.values, [0.138499, -0.038098], 5e-7)
  .compare('δ¹', one.dz.values, [0.0087714, 0.0099543], 5e-8)
  .compare('∂L/∂w¹₁₁', one.dw.values[0], 0.00043857, 5e-9)
  .print();
