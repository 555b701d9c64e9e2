import { Block, Factor, Opcode } from '../../assembly/opcodes.js';
import { gradients, type Seed } from '../compile/differentiate.js';
import type { Place } from '../compile/encode.js';
import type { Panels } from '../compile/prepack.js';
import type { Recipe, Report } from '../compile/program.js';
import type { Update } from '../compile/update.js';
import { NotConfiguredError } from '../errors.js';
import { f32, type Instruction, rowsOf, size, tensor, word } from '../graph/instruction.js';
import { type Mode, resolver } from '../graph/modes.js';
import { Node, named, topological } from '../graph/node.js';
import { elements, features } from '../graph/shape.js';
import { type Decision, decisionOf, rangeOf } from '../losses/decisions.js';
import { targetFeaturesOf, targetsOf } from '../losses/loss.js';
import { dataOf, type LossNodes, type LossWithWeight, logitsOf, lossElements, lossNodes } from '../losses/networkLoss.js';
import { penaltyTerm } from '../losses/penalty.js';
import { type TargetForm, weightingOf } from '../losses/targetForm.js';
import { computed, type Term } from '../losses/term.js';
import { fill, fillOp, Parameter, State } from '../ops/leaves.js';
import { run as runOf } from '../ops/run.js';
import type { Columns, TargetShape } from './columns.js';
import { type IdCounts, idsOf } from './ids.js';

/** A network as a graph: its inputs and outputs. */
export interface Model {
  readonly inputs: readonly Node[];
  readonly outputs: readonly Node[];
}

/** A network as the user made it: in both modes at once, with what a training step leaves in its states. */
export interface ModelGraph extends Model {
  readonly updates?: ReadonlyMap<State, Node>;
  /** The largest norm of each row of a parameter. */
  readonly maxNorms?: ReadonlyMap<Parameter, number>;
}

/** All nodes of a graph, inputs before users. */
export function nodesOf({ outputs, updates }: ModelGraph): Node[] {
  return topological([...outputs, ...(updates?.keys() ?? []), ...(updates?.values() ?? [])]);
}

/** The kinds of programs. Those with targets have one form for each form of targets. */
export type ProgramKind =
  | 'predict'
  | 'logits'
  | 'gradient'
  | 'accumulate'
  | 'regularize'
  | 'update'
  | 'shorten'
  | 'step'
  | 'guarded'
  | 'evaluate'
  | 'evaluateTraining';

/** A program without tensors of its own. */
const EMPTY = { roots: [], inputs: [], outputs: [] } as const;

/** What programs do besides computing nodes, and where the tensors of that lie. */
interface Changes {
  readonly places: Map<Node, Place>;
  readonly epilogue: readonly Instruction[];
  /** What is bounded before the changes are made. */
  readonly guards: readonly Node[];
}

/**
 * A model with what is minimised of it and how it is updated, as graphs: the recipes of its programs follow from these, and where their tensors lie.
 * It knows blocks and offsets, and neither a core nor an address.
 */
export class Recipes {
  /** What predictions, evaluations, traces and derivatives run: the graph in prediction mode. */
  readonly model: Model;
  readonly parameters: readonly Parameter[];
  readonly parameterCount: number;
  /** What belongs to the model and is not trained. Their values lie behind the parameters. */
  readonly states: readonly State[];
  /** Numbers of parameters and states. */
  readonly valueCount: number;
  /** Of inputs that have ids, how many of each feature; undefined where none has. */
  readonly ids: readonly (IdCounts | undefined)[] | undefined;
  /** The fewest rows of a training step: two where a variance is divided by rows − 1. */
  readonly minRows: number;
  /** Where parameters, states, constants and packed weights lie. */
  readonly places: Map<Node, Place> = new Map();
  /** The parameters that training leaves as they are. */
  frozen: ReadonlySet<Node> = new Set();
  /** The loss of each output. */
  losses: readonly (LossWithWeight | undefined)[] = [];
  /** What is minimised besides. */
  penalties: readonly Node[] = [];
  /** The columns of a batch, as the losses expect them. */
  columns: Columns = { inputs: [], targets: [] };
  /** Weights that are packed, in an engine that does not train. */
  panels: readonly Panels[] = [];
  protected plannedUpdate: Update | undefined;
  /** All parameters as one vector. */
  protected readonly all: Node;
  /** Each loss as nodes, by the form of its targets. */
  #lossNodes: readonly ((form: TargetForm) => LossNodes)[] = [];
  #penaltyTerms: readonly Term[] = [];
  readonly #offsets = new Map<Parameter | State, number>();
  readonly #resolve = { training: resolver('training'), prediction: resolver('prediction') };

  constructor(
    /** The graph as the user made it, in both modes. */
    readonly graph: ModelGraph,
  ) {
    const nodes = nodesOf(graph);
    this.model = { inputs: graph.inputs, outputs: graph.outputs.map(this.#resolve.prediction) };
    this.parameters = nodes.filter((node) => node instanceof Parameter);
    this.states = nodes.filter((node) => node instanceof State);
    const ids = graph.inputs.map((node) => idsOf(node, nodes));
    if (ids.some((one) => one)) this.ids = ids;
    this.minRows = nodes.some(({ op, attributes }) => op === fillOp && (attributes.factors as number) & Factor.PerRow) ? 2 : 1;
    let count = 0;
    for (const values of this.stored) {
      this.#offsets.set(values, count);
      count += elements(values.shape);
    }
    this.valueCount = count;
    this.parameterCount = this.parameters.reduce((sum, { shape }) => sum + elements(shape), 0);
    this.all = runOf('parameters', this.parameterCount);
    this.places.set(this.all, { block: Block.Parameters, offset: 0 });
  }

  /** Parameters and states, in the order of the memory. */
  get stored(): readonly (Parameter | State)[] {
    return [...this.parameters, ...this.states];
  }

  /** The node that a node of the graph stands for in a mode. */
  inMode(mode: Mode, node: Node): Node {
    return this.#resolve[mode](node);
  }

  /** The first element of a parameter within the parameter run, as of its gradient among the gradients; of a state behind it. */
  offsetOf(values: Parameter | State): number {
    return this.#offsets.get(values) as number;
  }

  /** Whether a parameter or state is one of the graph's. */
  has(values: Parameter | State): boolean {
    return this.#offsets.has(values);
  }

  /** What these losses and penalties are as graphs, and which targets they take; `use` makes them what is minimised. */
  protected formulate(losses: readonly (LossWithWeight | undefined)[], penalties: readonly Node[]): { readonly roots: readonly Node[]; use(): void } {
    const nodes = losses.flatMap((loss, i) => (loss ? [lossNodes(loss, this.graph.outputs[i] as Node)] : []));
    const targets = this.#targets(losses, nodes);
    const forms = nodes.flatMap((of, i) => [
      of('values'),
      ...(targets[i]?.classes ? [of('ids')] : []),
      ...(targets[i]?.elements ? [of('values, weighted elements')] : []),
    ]);
    const terms = penalties.map(penaltyTerm);
    const use = () => {
      this.losses = losses;
      this.penalties = penalties;
      this.#lossNodes = nodes;
      this.#penaltyTerms = terms;
      this.columns = { inputs: this.model.inputs.map((node) => features(node.shape)), ...(this.ids && { ids: this.ids }), targets };
    };
    return { roots: [...forms, ...terms].map(({ node }) => node), use };
  }

  /** Makes losses known without anything that trains. */
  setLosses(losses: readonly (LossWithWeight | undefined)[]): void {
    this.formulate(losses, []).use();
  }

  #targets(losses: readonly (LossWithWeight | undefined)[], nodes: readonly ((form: TargetForm) => LossNodes)[]): TargetShape[] {
    let next = 0;
    return losses.flatMap((loss, i) => {
      if (!loss) return [];
      const elements = lossElements((nodes[next++] as (form: TargetForm) => LossNodes)('values')) !== undefined;
      const output = this.model.outputs[i] as Node;
      const { name } = loss.loss;
      const targets = targetsOf(loss.loss);
      const range = targets === 'reach' ? rangeOf(output) : undefined;
      const reach = range?.every(Number.isFinite) ? range : undefined;
      const width = targetFeaturesOf(loss.loss, features(output.shape));
      return [
        {
          width,
          classes: targets === 'classes' || targets === 'scores',
          probabilities: targets === 'classes',
          elements,
          unit: targets === 'unit' ? name : undefined,
          reach,
        },
      ];
    });
  }

  /** The losses as nodes; `forms` tells for each how its targets came. In `both` modes they are nodes of the graph as the user made it. */
  lossNodes(call: string, forms: readonly TargetForm[], mode: Mode | 'both' = 'prediction'): LossNodes[] {
    if (this.#lossNodes.length === 0) throw new NotConfiguredError(call, 'loss');
    const at = mode === 'both' ? (node: Node) => node : this.#resolve[mode];
    return this.#lossNodes.map((of, i) => {
      const { rows, node, output, ...rest } = of(forms[i] ?? 'values');
      return { ...rest, rows: at(rows), node: at(node), output: at(output), logits: logitsOf(at(output)) };
    });
  }

  /** All whose sum is minimised: these losses, then the penalties. */
  terms(losses: readonly LossNodes[], mode: Mode = 'prediction'): readonly Term[] {
    const at = this.#resolve[mode];
    return [...losses, ...this.#penaltyTerms.map((term) => ({ ...term, rows: at(term.rows), node: at(term.node) }))];
  }

  /** What differentiation of that sum starts from; `besides`: more of `Factor`. */
  seeds(losses: readonly LossNodes[], besides = 0, mode: Mode = 'prediction'): readonly Seed[] {
    return seedsOf(this.terms(losses, mode), besides);
  }

  /** Whether something is minimised that is there once, however many rows there are. */
  get regularizes(): boolean {
    return this.#penaltyTerms.some(({ node }) => !node.shape.batched);
  }

  /** The recipe of a kind of program. */
  recipe(kind: ProgramKind, forms: readonly TargetForm[]): Recipe {
    const { inputs, outputs } = this.model;
    const { panels, places } = this;
    if (kind === 'predict' || kind === 'logits') {
      const roots = kind === 'logits' ? outputs.map(logitsOf) : outputs;
      return { roots, inputs, outputs: roots, places, panels };
    }
    const none = { ...EMPTY, tiling: this.plannedUpdate?.composition?.tiling };
    if (kind === 'shorten') return { ...none, ...this.#projections() };
    if (kind === 'update') return { ...none, ...this.updateRecipe() };
    const mode = kind === 'evaluate' ? 'prediction' : 'training';
    const losses = this.lossNodes(kind, forms, mode);
    const terms = this.terms(losses, mode);
    const evaluates = mode === 'prediction' || kind === 'evaluateTraining';
    const common = { ...none, ...(kind === 'regularize' ? { places } : this.#reporting(losses, terms, forms, evaluates)) };
    if (evaluates) return common;
    const update = this.plannedUpdate;
    const steps = kind === 'step' || kind === 'guarded';
    if (steps && !update) throw new NotConfiguredError('step', 'optimizer');
    const adds = kind === 'accumulate' || kind === 'regularize';
    const descends = steps && update?.descends === true;
    // Of a batch in parts, each adds what is of its rows; what is there once is added once.
    const minimised = adds ? terms.filter(({ node }) => node.shape.batched === (kind === 'accumulate')) : terms;
    const trained = this.parameters.filter((parameter) => !this.frozen.has(parameter));
    const found = gradients(seedsOf(minimised, descends ? Factor.Descend : 0), trained);
    const gradientOf = new Map(trained.map((parameter, i) => [parameter, found[i]]));
    const states = steps || kind === 'accumulate' ? this.#stateUpdates() : [];
    const own = new Map(places);
    if (adds || descends) {
      // The last layer's first: the backward pass then meets each delta once, on its way down.
      const accumulate = [...this.parameters].reverse().flatMap((parameter) => {
        const product = gradientOf.get(parameter);
        if (!product) return [];
        if (descends) return [{ product, into: parameter as Node }];
        const into = new Node(this.all.op, [], parameter.shape, {}, `d${parameter.label}`);
        own.set(into, { block: Block.State, offset: this.offsetOf(parameter) });
        return [{ product, into }];
      });
      if (adds) return { ...common, accumulate, states, places: own };
      return { ...common, accumulate, states, ...this.#projections(), ...(kind === 'guarded' && { guards: [] }) };
    }
    const roots: Node[] = [];
    for (const parameter of this.parameters) {
      // A parameter that the loss does not depend on has gradient 0. Write it each time: L2 and clipping change gradients in place.
      let product = gradientOf.get(parameter) ?? fill(parameter.shape, 0);
      // Two parameters may have the very same gradient; each has its own place all the same.
      if (own.has(product)) product = another(product, `d${parameter.label}`);
      roots.push(product);
      own.set(product, { block: Block.State, offset: this.offsetOf(parameter) });
    }
    const gradient = { ...common, roots: roots.reverse(), places: own };
    if (kind === 'gradient' || !update) return gradient;
    const { places: updated, epilogue, guards } = this.updateRecipe();
    return { ...gradient, places: new Map([...own, ...updated]), epilogue, states, ...(kind === 'guarded' && { guards }) };
  }

  /** What takes the rows of a batch, and reports the losses. */
  #reporting(
    losses: readonly LossNodes[],
    terms: readonly Term[],
    forms: readonly TargetForm[],
    goOn: boolean,
  ): Pick<Recipe, 'inputs' | 'places' | 'reports' | 'prologue'> {
    const deciding = this.decidesFor(forms) ? this.deciding : -1;
    const reports: Report[] = terms.map(({ rows, scale }, i) => ({
      rows,
      scale,
      part: losses.length > 1 && i < losses.length ? i + 1 : 0,
      goOn,
      ...(i === deciding && { decide: decideOn(losses[i] as LossNodes) }),
    }));
    const data = [...this.model.inputs, ...dataOf(losses)];
    // These gather rows of a data set. A call with rows of its own starts after them.
    const prologue = data.map((node, source) => gatherInstruction(node, source));
    return { inputs: data, places: this.places, reports, prologue };
  }

  /** The update by itself: its instructions, and where parameters, gradients and the optimizer's state lie. */
  updateRecipe(): Changes {
    const { places, epilogue } = this.#projections();
    const update = this.plannedUpdate;
    if (!update) return { places, epilogue: [], guards: [] };
    const n = this.parameterCount;
    [update.dw, ...update.slots].forEach((vector, i) => {
      places.set(vector, { block: Block.State, offset: n * i });
    });
    places.set(update.powers, { block: Block.State, offset: this.powersOffset(update) });
    for (const [part, { of, from }] of update.parts) {
      const { block, offset } = places.get(of) as Place;
      places.set(part, { block, offset: offset + from });
    }
    // A decay changes parameters by their own size.
    const guards = update.weightDecay > 0 ? [update.dw, this.all] : [update.dw];
    return { places, epilogue: [...update.instructions, ...epilogue], guards };
  }

  /** Gradients, slots, then f64 numbers on a boundary of 8 bytes, in elements. */
  protected powersOffset(update: Update | undefined): number {
    return Math.ceil((this.parameterCount * (1 + (update?.slots.length ?? 0))) / 2) * 2;
  }

  /** What shortens the rows of parameters that have a largest norm, and the places of these rows beside all others. */
  #projections(): { places: Map<Node, Place>; epilogue: Instruction[] } {
    const places = new Map(this.places);
    const epilogue: Instruction[] = [];
    for (const [parameter, maxNorm] of this.graph.maxNorms ?? []) {
      const n = parameter.shape.size.at(-1) as number;
      for (let from = 0; from < elements(parameter.shape) && !this.frozen.has(parameter); from += n) {
        const row = runOf(`${parameter.label}[${from / n}]`, n);
        places.set(row, { block: Block.Parameters, offset: (this.places.get(parameter) as Place).offset + from });
        const operands = { g: tensor(row), size: size(n), maxNorm: f32(maxNorm) };
        epilogue.push({ opcode: Opcode.ClipNorm, operands, writes: ['g'], inPlace: [] });
      }
    }
    return { places, epilogue };
  }

  /** What a training step leaves in each state, as nodes. */
  #stateUpdates(): { state: State; next: Node }[] {
    return [...(this.graph.updates ?? [])].map(([state, next]) => {
      const value = this.#resolve.training(next);
      // A parameter or another state is taken as it is before the step: a copy of it is made ahead of every change.
      return { state, next: value instanceof Parameter || value instanceof State ? computed(value) : value };
    });
  }

  /** The index of the loss whose decisions are counted: the first whose output has decisions; −1 for none. */
  get deciding(): number {
    const decisions = this.losses.flatMap((loss, i) => (loss ? [decisionOf(this.model.outputs[i] as Node, loss.loss)] : []));
    return decisions.findIndex((decision) => decision);
  }

  get decides(): boolean {
    return this.deciding >= 0;
  }

  /** Whether decisions are counted for targets of these forms: a row with a weight for each element is neither right nor wrong as a whole. */
  decidesFor(forms: readonly TargetForm[]): boolean {
    const { deciding } = this;
    return deciding >= 0 && weightingOf(forms[deciding] as TargetForm) !== 'elements';
  }
}

/** What differentiation of a sum of terms starts from; `besides`: more of `Factor`. */
function seedsOf(terms: readonly Term[], besides: number): readonly Seed[] {
  return terms.map(({ node, scale, factors }) => ({ node, gradient: fill(node.shape, scale, factors | besides) }));
}

/** Where decisions on a loss' output are counted. */
function decideOn({ output, loss, target, weight }: LossNodes): NonNullable<Report['decide']> {
  return { decision: decisionOf(output, loss) as Decision, target, weight };
}

/** The same tensor as a node of its own. */
function another(node: Node, name: string): Node {
  return node.inputs.length > 0 ? named(node, name) : new Node(node.op, [], node.shape, node.attributes, name);
}

/** Takes the next rows of a data set into an input; how its elements are stored is filled in when there is one. */
function gatherInstruction(node: Node, source: number): Instruction {
  return {
    opcode: Opcode.Gather,
    operands: {
      y: tensor(node),
      source: word(source),
      rows: rowsOf(node.shape),
      features: word(features(node.shape)),
      type: word(0),
      scale: f32(1),
      offset: f32(0),
    },
    writes: ['y'],
    inPlace: [],
  };
}
