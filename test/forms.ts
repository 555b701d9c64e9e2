import * as Forms from '../assembly/opcodes.js';
import { Form, formOf, Opcode } from '../assembly/opcodes.js';

/** The operand names of an instruction, in the order of its words; an f64 is named once and takes the words `…Low`, `…High`. */
export type Words = Readonly<Record<string, string | number>>;

const numbers = <T>(names: Record<string, string | T>): T[] => Object.values(names).filter((value): value is T => typeof value === 'number');

export const opcodes: readonly Opcode[] = numbers<Opcode>(Opcode);
export const forms: readonly Form[] = numbers<Form>(Form);

/** The enum of `assembly/opcodes.ts` that has the form's name. A form without one does not compile. */
export function wordsOf(form: Form): Words {
  const words: Readonly<Record<keyof typeof Form, Words>> = Forms;
  return words[Form[form] as keyof typeof Form];
}

/** The names of the opcodes of a form. */
export function opcodesOf(form: Form): string[] {
  return opcodes.filter((code) => formOf(code) === form).map((code) => Opcode[code]);
}
