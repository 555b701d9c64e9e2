/** AssemblyScript's integer, which functions of `assembly/opcodes.ts` return on both sides. */
declare type i32 = number;
